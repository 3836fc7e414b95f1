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
  close(): Promise<void>;
}

export async function startStatementProxy(databaseUrl: string): Promise<StatementProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let statements: string[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const reader = new FrontendReader((text) => statements.push(text));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => reader.read(chunk));
    client.pipe(upstream);
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
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
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
