import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientReader, refusal, ServerReader, type ClientUnit } from './wire-messages.js';

/**
 * Stands between the service and Postgres and reads along what the service really asks for, statement by statement.
 * It can hold one back, and let one go wrong.
 */
export interface StatementProxy {
  /** Connection URL through the proxy. */
  readonly url: string;
  /**
   * - `up`: everything passes
   * - `silent`: what the service sends is lost, new connections are taken and never answered
   * - `down`: all connections are reset, and new ones at once
   */
  network: 'up' | 'silent' | 'down';
  /**
   * Runs `work` and tells the statements that came meanwhile, in order; BEGIN and COMMIT are statements too.
   *
   * @param before is waited for before each of them goes on to Postgres
   */
  statementsOf(work: () => Promise<unknown>, before?: () => Promise<void>): Promise<string[]>;
  /** Holds back the next statement whose text matches, with all that follows on its connection. */
  hold(pattern: RegExp): Hold;
  /** Lets the n-th statement from now go wrong. */
  inject(fault: Fault, nth: number): Injection;
  /** Lets later connections go to another server. */
  redirect(databaseUrl: string): void;
  /** Ports that Postgres sees the proxy's connections come from, those of the past too. */
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/**
 * What can happen to a statement on its way to Postgres and back:
 * - `cut before`: the connection is reset, Postgres never sees it
 * - `cut after`: Postgres has done it, then the connection is reset and the answer lost
 * - `delay`: the answer is late
 * - `hang`: Postgres has done it, and no answer comes, ever
 * - `refuse`: Postgres never sees it, and the answer is an error of this SQLSTATE
 */
export type Fault =
  | { readonly kind: 'cut before' | 'cut after' | 'hang' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'refuse'; readonly sqlState: string };

export interface Injection {
  /** The statement that it happened to; undefined before. */
  readonly statement: string | undefined;
  /** Calls it off if it has not happened yet. */
  cancel(): void;
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

/** A fault that waits for its statement, as the proxy sees it. */
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

  /** Waits until the statement may go on, and tells what shall go wrong with it. */
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

/** One connection of the service, and the one to Postgres behind it. */
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

  private async pass({ bytes, statement }: ClientUnit): Promise<void> {
    const fault = statement === undefined ? undefined : await this.traffic.admit(statement);
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

  /** Has Postgres do it, and keeps the answer from the client. */
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
      // Not the array itself, which grows on.
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
