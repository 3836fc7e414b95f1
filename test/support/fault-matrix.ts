import type { Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { opened, spent, stateOf, together, type State } from './account-state.js';
import { Caller, type AnyBody, type Answer } from './client.js';
import { AccountSeeder, type SeededAccount } from './seeded-account.js';
import { startTestService, type TestService } from './service.js';
import { startStatementProxy, type Fault, type StatementProxy } from './statement-proxy.js';
import { tell } from './tell.js';

/** A request of a client. A fault may occur at each of its statements. */
export interface Operation {
  readonly name: string;
  /** Creates the account that sends the request. */
  prepare(seeder: AccountSeeder): Promise<Attempt>;
}

export interface Attempt {
  readonly account: SeededAccount;
  send(caller: Caller): Promise<Answer<AnyBody>>;
  /**
   * What the owner, or an attacker who saw the code, sends next: the same request, on a new challenge where necessary.
   */
  again(caller: Caller): Promise<Answer<AnyBody>>;
  /** Whether the request contains a right code. Of all requests with that code one may succeed. */
  readonly once: boolean;
  /**
   * Whether the account or the challenge counts the guess. A backup code on a session is not counted, because it is too
   * long to be guessed.
   */
  readonly counted: boolean;
}

/** The result of an operation without a fault. */
interface DryRun {
  readonly statements: readonly string[];
  readonly status: number;
  /** The committed state before the first statement, after the first statement, and so on. */
  readonly states: readonly State[];
  /** Number of the statement that takes a guess, beginning with 1. It has no meaning where no statement does. */
  readonly guessAt: number;
}

/** Records that an invariant was checked, and whether it held. */
type Check = (invariant: string, held: boolean, seen?: unknown) => void;

/** One line of the printed table. */
interface Line {
  readonly operation: string;
  readonly statements: number;
  faults: number;
  checked: number;
  readonly answers: Map<number, number>;
  readonly broken: string[];
}

const INTERNAL_ERROR = 'XX000';

/** The faults that are injected at each statement. */
const FAULTS: readonly Fault[] = [
  { kind: 'cut before' },
  { kind: 'cut after' },
  { kind: 'hang' },
  { kind: 'delay', ms: 40 },
  { kind: 'refuse', sqlState: INTERNAL_ERROR },
];

/**
 * Statement time-out of the replicas whose statements hang. The other replicas get so much time that a busy machine
 * does not matter.
 */
const PATIENCE_MS = 2500;

/** A replica of the service that reaches the database through its own proxy. */
interface Worker {
  readonly service: TestService;
  readonly proxy: StatementProxy;
  readonly caller: Caller;
}

/** Injects every fault at every statement of every operation, and checks all invariants. */
export class FaultMatrix {
  private readonly lines = new Map<string, Line>();

  private constructor(
    private readonly origin: TestService,
    private readonly workers: readonly Worker[],
    private readonly hangingWorkers: readonly Worker[],
  ) {}

  /**
   * @param workers number of replicas that inject faults in parallel
   * @param hanging the same for faults that hang, which need little CPU time
   */
  static async start({ workers, hanging }: { workers: number; hanging: number }): Promise<FaultMatrix> {
    const options = { messages: true, config: { outbox: false } } as const;
    const origin = await startTestService(options);
    const startWorker = async (timeoutMs: number): Promise<Worker> => {
      let proxy!: StatementProxy;
      const service = await startTestService({
        messages: true,
        replicaOf: origin,
        config: { outbox: false, databaseTimeoutMs: timeoutMs },
        route: async (url) => (proxy = await startStatementProxy(url)).url,
      });
      // Every fault is logged, and there are hundreds of them.
      service.app.useLogger(false);
      return { service, proxy, caller: new Caller(service) };
    };
    // The replicas start one after the other. On a busy machine their first connection would time out otherwise.
    const calmWorkers: Worker[] = [];
    for (let n = 0; n < workers; n++) calmWorkers.push(await startWorker(20_000));
    const hangingWorkers: Worker[] = [];
    for (let n = 0; n < hanging; n++) hangingWorkers.push(await startWorker(PATIENCE_MS));
    return new FaultMatrix(origin, calmWorkers, hangingWorkers);
  }

  /** @returns the broken invariants of each operation, by its name */
  async run(operations: readonly Operation[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const [calm, hanging]: [Array<(worker: Worker) => Promise<void>>, Array<(worker: Worker) => Promise<void>>] = [
      [],
      [],
    ];
    for (const operation of operations) {
      const dryRun = await this.dryRun(operation);
      const { name } = operation;
      const line = { operation: name, statements: dryRun.statements.length, faults: 0, checked: 0 };
      this.lines.set(name, { ...line, answers: new Map(), broken: [] });
      dryRun.statements.forEach((_, index) => {
        for (const fault of FAULTS) {
          (fault.kind === 'hang' ? hanging : calm).push((worker) =>
            this.one(worker, operation, dryRun, fault, index + 1),
          );
        }
      });
    }
    await Promise.all([share(calm, this.workers), share(hanging, this.hangingWorkers)]);
    return new Map([...this.lines].map(([name, { broken }]) => [name, broken]));
  }

  /** Prints the injected faults, the statuses and the result to standard error, which Jest does not capture. */
  print(title: string): void {
    const lines = [...this.lines.values()];
    const statuses = [...new Set(lines.flatMap(({ answers }) => [...answers.keys()]))].toSorted((a, b) => a - b);
    const rows = [
      ['', 'statements', 'faults', ...statuses.map(String), 'invariants', 'broken'],
      ...lines.map(({ operation, statements, faults, answers, checked, broken }) =>
        [operation, statements, faults, ...statuses.map((s) => answers.get(s) ?? 0), checked, broken.length].map(
          String,
        ),
      ),
    ];
    const width = Math.max(...lines.map(({ operation }) => operation.length));
    const table = rows.map(
      ([name = '', ...cells]) => `  ${name.padEnd(width)}${cells.map((c) => c.padStart(11)).join('')}`,
    );
    const [faults, checked, broken] = [
      sum(lines, 'faults'),
      sum(lines, 'checked'),
      lines.flatMap((l) => l.broken).length,
    ];
    const verdict = broken === 0 ? 'all held' : `${broken} BROKEN`;
    tell(
      [`\n${title}`, ...table, `  ${faults} faults injected, ${checked} invariants checked, ${verdict}`, ''].join('\n'),
    );
  }

  async close(): Promise<void> {
    for (const { service, proxy } of [...this.workers, ...this.hangingWorkers]) {
      await service.close();
      await proxy.close();
    }
    await this.origin.close();
  }

  private async dryRun(operation: Operation): Promise<DryRun> {
    const [worker] = this.workers;
    if (!worker) throw new Error('There is no worker');
    const attempt = await operation.prepare(new AccountSeeder(this.origin));
    const states: State[] = [];
    const look = async () => void states.push(await stateOf(attempt.account, this.origin));
    let status = 0;
    const statements = await worker.proxy.statementsOf(async () => {
      ({ status } = await attempt.send(worker.caller));
    }, look);
    await look();
    return { statements, status, states, guessAt: 1 + statements.findIndex((text) => text.includes('counted_on_')) };
  }

  /** Injects one fault at one statement of one operation, and checks everything that follows. */
  private async one(worker: Worker, operation: Operation, dryRun: DryRun, fault: Fault, at: number): Promise<void> {
    const { service, proxy, caller } = worker;
    const line = this.lines.get(operation.name);
    if (!line) throw new Error('No such operation');
    const attempt = await operation.prepare(new AccountSeeder(this.origin));
    const { account } = attempt;
    const injection = proxy.inject(fault, at);
    const answer = await attempt.send(caller);
    const after = await stateOf(account, this.origin);
    line.faults++;
    line.answers.set(answer.status, (line.answers.get(answer.status) ?? 0) + 1);

    const check: Check = (invariant, held, seen) => {
      line.checked++;
      if (held) return;
      const statement = (injection.statement ?? 'none').replaceAll(/\s+/g, ' ').slice(0, 60);
      line.broken.push(
        `${fault.kind} at ${at} (${statement}): ${invariant}${seen === undefined ? '' : ` ${JSON.stringify(seen)}`}`,
      );
    };

    check('the fault happened', injection.statement !== undefined);
    injection.cancel();
    checkAnswer(check, answer, fault, dryRun.status);
    const done = committed(fault, at, dryRun.statements.length);
    const [before, expected, whole] = [dryRun.states[0], dryRun.states[done], dryRun.states.at(-1)] as [
      State,
      State,
      State,
    ];
    check('a change is whole or absent', same(after, expected), { after, expected });
    check('an acknowledged change is stored', answer.status !== 200 || same(after, whole));
    for (const [invariant, held] of together(before, after)) check(invariant, held, { before, after });
    if (attempt.once) check('no session without a spent factor', !opened(before, after) || spent(before, after));
    if (attempt.counted && done >= dryRun.guessAt && !spent(before, after)) {
      const counted = after.failures > before.failures || sumOf(after.challenges) > sumOf(before.challenges);
      check('every guess is counted', counted, { before, after });
    }

    const token = answer.status === 200 ? answer.body.token : undefined;
    if (token) check('a returned token works', (await caller.get('/get-session', token)).body !== null);
    if (attempt.once) {
      const unspent = !same(after, whole);
      const successes = [answer.status === 200, (await attempt.again(caller)).status === 200];
      if (unspent) successes.push((await attempt.again(caller)).status === 200);
      const wanted = unspent ? [false, true, false] : [answer.status === 200, false];
      check('a code works once', same(successes, wanted), { successes, wanted });
    } else {
      const { status } = await attempt.again(caller);
      check('a repetition does not fail', status < 500, status);
    }
    await this.checkNothingOpen(check, proxy);
    const { driver } = service.app.get(DataSource);
    const { totalCount, idleCount, waitingCount } = (driver as unknown as { master: Pool }).master;
    check('no connection is lost', totalCount === idleCount && waitingCount === 0, {
      totalCount,
      idleCount,
      waitingCount,
    });
  }

  private async checkNothingOpen(check: Check, { ports }: StatementProxy): Promise<void> {
    let open = -1;
    for (const end = Date.now() + 3000; open !== 0 && Date.now() < end;) {
      if (open > 0) await sleep(20);
      const [row] = await this.origin.query<{ open: number }>(
        `SELECT count(*)::int AS open FROM pg_stat_activity
         WHERE datname = current_database() AND client_port = ANY ($1) AND state <> 'idle'`,
        [ports],
      );
      open = row?.open ?? -1;
    }
    check('no transaction stays open', open === 0, open);
  }
}

function checkAnswer(check: Check, { status, headers, body }: Answer<AnyBody>, fault: Fault, usual: number): void {
  if (fault.kind === 'delay') {
    check('a delayed response has its usual status', status === usual, status);
    return;
  }
  const ours = fault.kind === 'refuse' && fault.sqlState === INTERNAL_ERROR;
  check('the status is 503, or 500 for an internal error', status === (ours ? 500 : 503), status);
  const code = ours ? 'INTERNAL_SERVER_ERROR' : 'SERVICE_UNAVAILABLE';
  check(
    'the body contains only a message and a code',
    same(Object.keys(body), ['message', 'code']) && body.code === code,
    body,
  );
  check('Retry-After tells when to retry', ours || /^[1-9]\d*$/.test(headers.get('retry-after') ?? ''));
  check('no cache may store the response', headers.get('cache-control') === 'no-store');
  check('the response contains no token', !headers.has('set-auth-token') && headers.getSetCookie().length === 0);
}

/** Returns how many statements are committed after the fault. */
function committed({ kind }: Fault, at: number, all: number): number {
  if (kind === 'delay') return all;
  return kind === 'cut after' || kind === 'hang' ? at : at - 1;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

function sum(lines: readonly Line[], key: 'faults' | 'checked'): number {
  return sumOf(lines.map((line) => line[key]));
}

/** Distributes the tasks: each worker takes the next task when it has finished one. */
async function share(
  tasks: ReadonlyArray<(worker: Worker) => Promise<void>>,
  workers: readonly Worker[],
): Promise<void> {
  const left = [...tasks];
  await Promise.all(
    workers.map(async (worker) => {
      for (let task = left.shift(); task; task = left.shift()) await task(worker);
    }),
  );
}
