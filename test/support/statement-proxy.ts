import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientReader, refusal, ServerReader, type ClientUnit } from './wire-messages.js';

/**
 * A proxy between the service and Postgres that records the service's statements. It can hold a statement back or
 * inject a fault into it.
 */
export interface StatementProxy {
  /** Connection URL through the proxy. */
  readonly url: string;
  /**
   * - `up`: everything passes
   * - `silent`: data from the service is lost, new connections are accepted and get no response
   * - `down`: all connections are reset, including new ones
   */
  network: 'up' | 'silent' | 'down';
  /**
   * Runs `work` and returns its statements in order, including BEGIN and COMMIT.
   *
   * @param before is awaited before each statement goes on to Postgres
   */
  statementsOf(work: () => Promise<unknown>, before?: () => Promise<void>): Promise<string[]>;
  /** Holds back the next statement whose text matches, with everything after it on its connection. */
  hold(pattern: RegExp): Hold;
  /** Injects a fault into the n-th statement from now. */
  inject(fault: Fault, nth: number): Injection;
  /** Connects later connections to another server. */
  redirect(databaseUrl: string): void;
  /** Local ports of all connections from the proxy to Postgres, including closed ones. */
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/**
 * What can happen to a statement between the service and Postgres:
 * - `cut before`: the connection is reset before Postgres receives the statement
 * - `cut after`: the connection is reset after Postgres executed the statement, and the response is lost
 * - `delay`: the response is late
 * - `hang`: Postgres executes the statement, and the response never arrives
 * - `refuse`: Postgres does not receive the statement, and the response is an error with this SQLSTATE
 */
export type Fault =
  | { readonly kind: 'cut before' | 'cut after' | 'hang' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'refuse'; readonly sqlState: string };

export interface Injection {
  /** The statement with the fault; undefined until the fault has happened. */
  readonly statement: string | undefined;
  /** Cancels the fault if it has not happened yet. */
  cancel(): void;
}

/** A statement that is held back from Postgres. */
export interface Hold {
  /** Resolves when the statement has arrived. */
  readonly reached: Promise<void>;
  /** Forwards the statement to Postgres. */
  release(): void;
}

/** A hold that waits for its statement, as the proxy stores it. */
interface PendingHold {
  readonly pattern: RegExp;
  readonly reach: () => void;
  readonly released: Promise<void>;
}

/** A fault that waits for its statement, as the proxy stores it. */
interface PendingFault {
  readonly fault: Fault;
  countdown: number;
  statement: string | undefined;
}

/** The traffic of all connections. */
class Traffic {
  network: StatementProxy['network'] = 'up';
  statements: string[] = [];
  before: (() => Promise<void>) | undefined;
  hold: PendingHold | undefined;
  fault: PendingFault | undefined;
  readonly ports: number[] = [];
  readonly sockets = new Set<Socket>();

  /** Waits until the statement may go on. @returns the fault to inject into it */
  async admit(text: string): Promise<Fault | undefined> {
    this.statements.push(text);
    const { fault } = this;
    const due = fault && --fault.countdown === 0 ? fault : undefined;
    if (due) {
      due.statement = text;
      this.fault = undefined;
    }
    if (this.hold?.pattern.test(text)) {
      const { released, reach } = this.hold;
      this.hold = undefined;
      reach();
      await released;
    }
    await this.before?.();
    return due?.fault;
  }
}

/** A connection of the service and the connection to Postgres that belongs to it. */
class ProxiedConnection {
  private readonly fromClient = new ClientReader();
  private readonly fromServer = new ServerReader();
  private turn: Promise<void> = Promise.resolve();
  private mute = false;
  private answered: (() => void) | undefined;

  constructor(
    private readonly client: Socket,
    private readonly upstream: Socket,
    private readonly traffic: Traffic,
  ) {}

  start(): void {
    this.client.on('data', (chunk: Buffer) => {
      if (this.traffic.network !== 'up') return;
      for (const unit of this.fromClient.read(chunk)) this.turn = this.turn.then(() => this.pass(unit));
    });
    this.upstream.on('data', (chunk: Buffer) => {
      if (!this.mute) this.client.write(chunk);
      if (this.fromServer.read(chunk)) this.answered?.();
    });
  }

  private async pass({ bytes, statements }: ClientUnit): Promise<void> {
    let fault: Fault | undefined;
    // A fault of one statement is a fault of all that travel with it, as on a real network.
    for (const statement of statements) fault = (await this.traffic.admit(statement)) ?? fault;
    switch (fault?.kind) {
      case undefined:
        this.upstream.write(bytes);
        return;
      case 'cut before':
        this.cut();
        return;
      case 'cut after':
        await this.execute(bytes);
        this.cut();
        return;
      case 'hang':
        await this.execute(bytes);
        return;
      case 'delay': {
        const answer: Buffer[] = [];
        const keep = (chunk: Buffer) => answer.push(chunk);
        this.upstream.on('data', keep);
        await this.execute(bytes);
        await sleep(fault.ms);
        this.upstream.off('data', keep);
        this.mute = false;
        this.client.write(Buffer.concat(answer));
        return;
      }
      case 'refuse':
        this.client.write(refusal(fault.sqlState, this.fromServer.state));
    }
  }

  /** Lets Postgres execute the statement, and withholds the response from the client. */
  private async execute(bytes: Buffer): Promise<void> {
    this.mute = true;
    await new Promise<void>((resolve) => {
      this.answered = resolve;
      this.upstream.write(bytes);
    });
    this.answered = undefined;
  }

  private cut(): void {
    this.client.resetAndDestroy();
    this.upstream.resetAndDestroy();
  }
}

export async function startStatementProxy(databaseUrl: string): Promise<StatementProxy> {
  let target = new URL(databaseUrl);
  const traffic = new Traffic();
  const { sockets } = traffic;
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => client.destroy());
    client.on('close', () => sockets.delete(client));
    if (traffic.network === 'down') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    sockets.add(upstream);
    upstream.on('connect', () => traffic.ports.push(upstream.localPort ?? 0));
    upstream.on('error', () => upstream.destroy());
    upstream.on('close', () => {
      sockets.delete(upstream);
      client.destroy();
    });
    client.on('close', () => upstream.destroy());
    new ProxiedConnection(client, upstream, traffic).start();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    ports: traffic.ports,
    redirect(elsewhere) {
      target = new URL(elsewhere);
    },
    get network() {
      return traffic.network;
    },
    set network(network) {
      traffic.network = network;
      if (network === 'down') for (const socket of sockets) socket.resetAndDestroy();
    },
    async statementsOf(work, before) {
      traffic.statements = [];
      traffic.before = before;
      await work();
      traffic.before = undefined;
      // Returns a copy, because the array itself grows.
      return [...traffic.statements];
    },
    hold(pattern) {
      const [reached, reach] = deferred();
      const [released, release] = deferred();
      traffic.hold = { pattern, reach, released };
      return { reached, release };
    },
    inject(fault, nth) {
      const pending: PendingFault = { fault, countdown: nth, statement: undefined };
      traffic.fault = pending;
      return {
        get statement() {
          return pending.statement;
        },
        cancel() {
          if (traffic.fault === pending) traffic.fault = undefined;
        },
      };
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
