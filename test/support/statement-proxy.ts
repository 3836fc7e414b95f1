import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/**
 * Stands between the service and Postgres and reads along what the service really asks for, in the frontend messages
 * of the protocol (version 3): statements by `Query` and by `Execute`.
 */
export interface StatementProxy {
  /** Connection URL through the proxy. */
  readonly url: string;
  /** Runs `work` and tells the statements that came meanwhile, in order; BEGIN and COMMIT are statements too. */
  statementsOf(work: () => Promise<unknown>): Promise<string[]>;
  /** Holds back the next statement whose text matches, with all that follows on its connection. */
  hold(pattern: RegExp): Hold;
  close(): Promise<void>;
}

/** A statement that is to be kept from Postgres for a while. */
export interface Hold {
  /** Settles when the statement has come. */
  readonly reached: Promise<void>;
  /** Lets it go on to Postgres. */
  release(): void;
}

/** A hold that waits for its statement, as the proxy sees it. */
interface PendingHold {
  readonly pattern: RegExp;
  readonly reach: () => void;
  readonly released: Promise<void>;
}

export async function startStatementProxy(databaseUrl: string): Promise<StatementProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let statements: string[] = [];
  let pending: PendingHold | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let held: Promise<void> | undefined;
    const reader = new FrontendReader((text) => {
      statements.push(text);
      if (!pending?.pattern.test(text)) return;
      held = pending.released;
      pending.reach();
      pending = undefined;
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      reader.read(chunk);
      if (held) void held.then(() => upstream.write(chunk));
      else upstream.write(chunk);
    });
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    async statementsOf(work) {
      statements = [];
      await work();
      return statements;
    },
    hold(pattern) {
      const [reached, reach] = deferred();
      const [released, release] = deferred();
      pending = { pattern, reach, released };
      return { reached, release };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function deferred(): [promise: Promise<void>, settle: () => void] {
  let settle!: () => void;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return [promise, settle];
}

/** Cuts one connection's bytes into messages: the start-up message has no type, the others have one byte of it. */
class FrontendReader {
  private pending = Buffer.alloc(0);
  private started = false;
  private readonly parsed = new Map<string, string>();
  private bound = '';

  constructor(private readonly executed: (text: string) => void) {}

  read(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    for (;;) {
      const head = this.started ? 1 : 0;
      if (this.pending.length < head + 4) return;
      const end = head + this.pending.readInt32BE(head);
      if (this.pending.length < end) return;
      if (this.started) this.message(String.fromCharCode(this.pending[0] ?? 0), this.pending.subarray(head + 4, end));
      this.started = true;
      this.pending = this.pending.subarray(end);
    }
  }

  private message(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('utf8').split('\0');
    if (type === 'Q') this.executed(first);
    if (type === 'P') this.parsed.set(first, second);
    if (type === 'B') this.bound = second;
    if (type === 'E') this.executed(this.parsed.get(this.bound) ?? `unknown statement ${this.bound}`);
  }
}
