import { availableParallelism } from 'node:os';
import { timeLeft, TwoFactorException, type IncomingRequest } from '../../two-factor/index.js';
import { surroundingNetwork } from '../../rate-limits/client-network.js';
import { WaitingLine } from './waiting-line.js';

/**
 * How long a request waits for a slot, in milliseconds. As many may wait for a slot as it serves in that time: eight where a
 * hash takes a quarter of a second.
 */
const PATIENCE_MS = 2000;

/** As many may wait for a slot on a slow machine, and for as long as they take: otherwise it would refuse any crowd. */
const LEAST_WAITING = 4;

/** No more may wait for a slot, however fast the machine: each one keeps its request in memory. */
const MOST_WAITING = 256;

/** What the last job weighs in the average time of a job. */
const WEIGHT = 1 / 8;

/** Who has a password hashed, as far as the queue must know. */
export interface HashCaller {
  /** Client network; the queue serves networks in turn. */
  readonly network: string;
  /** Whether the client has closed the connection. */
  readonly abandoned?: (() => boolean) | undefined;
  /**
   * Asked only when no slot is free; may cost a statement.
   *
   * @returns id of the account whose live session or trusted device the request comes from; null for none
   */
  readonly knownAs?: (() => Promise<string | null>) | undefined;
}

/** One request that waits. */
interface Entry extends HashCaller {
  /** The account whose place in the reserved line this is; null in the general line. */
  readonly account: string | null;
  readonly start: (release: () => void) => void;
  readonly refuse: () => void;
}

/**
 * Bounds the work of bcrypt: so many jobs at a time, so many that wait, and for so long.
 *
 * One more slot is reserved for known callers: requests of a live session or from a trusted device. A flood of sign-ins at
 * random addresses fills the general slots and their line; the owners' devices pass it. Accounts are free, so one account has
 * one place in the reserved line and no more.
 *
 * Without the bounds a flood fills the queue for minutes, and an owner who signs in later waits behind requests whose
 * clients have long gone.
 */
export class HashQueue {
  private readonly general = new WaitingLine<Entry>();
  private readonly reserved = new WaitingLine<Entry>();
  /** Accounts that wait for the reserved slot or use it. */
  private readonly accounts = new Set<string>();
  private free: number;
  private reservedFree = 1;

  /**
   * @param slots jobs at a time, beside the reserved slot
   * @param averageMs how long a job takes, in milliseconds, as long as none was measured
   */
  constructor(
    private readonly slots: number,
    private averageMs: number,
  ) {
    this.free = slots;
  }

  /** Requests that wait for a slot. */
  get waiting(): number {
    return this.general.size + this.reserved.size;
  }

  /**
   * Runs `work` in a slot.
   *
   * @throws {TwoFactorException} SERVICE_UNAVAILABLE, and `work` never began: too many wait already, it waited too long, the
   *   time of the request is over, or its client has left
   */
  async run<T>(caller: HashCaller, work: () => Promise<T>): Promise<T> {
    const release = await this.enter(caller);
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.averageMs += WEIGHT * (performance.now() - began - this.averageMs);
      release();
    }
  }

  private async enter(caller: HashCaller): Promise<() => void> {
    if (this.free > 0) return this.takeGeneral();
    const account = (await caller.knownAs?.()) ?? null;
    // A slot may have become free while the database was asked.
    if (this.free > 0) return this.takeGeneral();
    if (account === null || this.accounts.has(account)) return this.wait(this.general, this.slots, caller, null);
    return this.reservedFree > 0 ? this.takeReserved(account) : this.wait(this.reserved, 1, caller, account);
  }

  /** @param account whose place in the reserved line ends along with the job */
  private takeGeneral(account: string | null = null): () => void {
    this.free--;
    return () => {
      this.free++;
      if (account !== null) this.accounts.delete(account);
      // A known caller takes whichever slot is free first, but not before those who wait for this one: accounts are free.
      const next = this.nextOf(this.general) ?? this.nextOf(this.reserved);
      next?.start(this.takeGeneral(next.account));
    };
  }

  private takeReserved(account: string): () => void {
    this.reservedFree--;
    this.accounts.add(account);
    return () => {
      this.reservedFree++;
      this.accounts.delete(account);
      const next = this.nextOf(this.reserved);
      if (next?.account != null) next.start(this.takeReserved(next.account));
    };
  }

  /** Passes over those whose clients have left. */
  private nextOf(line: WaitingLine<Entry>): Entry | undefined {
    for (let entry = line.next(); entry; entry = line.next()) {
      if (!entry.abandoned?.()) return entry;
      entry.refuse();
    }
    return undefined;
  }

  private wait(
    line: WaitingLine<Entry>,
    slots: number,
    caller: HashCaller,
    account: string | null,
  ): Promise<() => void> {
    this.makeRoom(line, slots, caller);
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        if (account !== null) this.accounts.delete(account);
      };
      const entry: Entry = {
        ...caller,
        account,
        start: (release) => {
          clearTimeout(timer);
          resolve(release);
        },
        refuse: () => {
          leave();
          reject(this.refusal());
        },
      };
      const timer = setTimeout(
        () => {
          line.remove(entry);
          entry.refuse();
        },
        Math.min(this.patienceMs, timeLeft()),
      ).unref();
      if (account !== null) this.accounts.add(account);
      line.add(entry);
    });
  }

  /** @throws {TwoFactorException} SERVICE_UNAVAILABLE when the line is full and stays so */
  private makeRoom(line: WaitingLine<Entry>, slots: number, { network }: HashCaller): void {
    const room = slots * Math.min(MOST_WAITING, Math.max(LEAST_WAITING, Math.floor(PATIENCE_MS / this.averageMs)));
    if (line.size < room) return;
    for (const entry of line.entries().filter(({ abandoned }) => abandoned?.())) {
      line.remove(entry);
      entry.refuse();
    }
    if (line.size < room) return;
    const surplus = line.surplus(network);
    if (!surplus) throw this.refusal();
    line.remove(surplus);
    surplus.refuse();
  }

  /** As long as a full line takes to be served. */
  private get patienceMs(): number {
    return Math.max(PATIENCE_MS, LEAST_WAITING * this.averageMs);
  }

  private refusal(): TwoFactorException {
    return new TwoFactorException('SERVICE_UNAVAILABLE', { retryAfter: Math.ceil(this.patienceMs / 1000) });
  }
}

/**
 * Hashes at a time for everybody: as many as there are cores, and two fewer than libuv's pool has threads. One of those two
 * is for the reserved slot. The other one is left to files, names and the handshakes of new database connections, which
 * share the pool.
 *
 * libuv reads UV_THREADPOOL_SIZE when the process starts; a program cannot reliably set it for itself.
 */
export function generalSlots(cores = availableParallelism(), pool = process.env['UV_THREADPOOL_SIZE']): number {
  return Math.max(1, Math.min(cores, (Number(pool) || 4) - 2));
}

/** The caller that a request is. */
export function hashCaller(request: IncomingRequest, accountId?: string): HashCaller {
  return {
    network: surroundingNetwork(request.ip),
    abandoned: request.abandoned,
    ...(accountId !== undefined && { knownAs: () => Promise.resolve(accountId) }),
  };
}
