import { availableParallelism } from 'node:os';
import { timeLeft, TwoFactorException, type IncomingRequest } from '../../two-factor/index.js';
import { surroundingNetwork } from '../../rate-limits/client-network.js';
import { WaitingLine } from './waiting-line.js';

/**
 * Maximum wait for a slot, in milliseconds. The line of a slot holds as many requests as the slot serves in that time:
 * eight at a quarter of a second per hash.
 */
const PATIENCE_MS = 2000;

/** Minimum length of a slot's line. Without it, a slow machine would refuse every small burst. */
const LEAST_WAITING = 4;

/** Maximum length of a slot's line, on any machine: every waiting request uses memory. */
const MOST_WAITING = 256;

/** Weight of the last job in the moving average of job times. */
const WEIGHT = 1 / 8;

/** The caller of a hash, for the queue. */
export interface HashCaller {
  /** Client network; the queue serves networks in turn. */
  readonly network: string;
  /** Whether the client has closed the connection. */
  readonly abandoned?: (() => boolean) | undefined;
  /**
   * Called only when no slot is free; may run a statement.
   *
   * @returns the account of the request's live session or trusted device; null for none
   */
  readonly knownAs?: (() => Promise<string | null>) | undefined;
}

/** A waiting request. */
interface Entry extends HashCaller {
  /** The account whose place in the reserved line this is; null in the general line. */
  readonly account: string | null;
  readonly start: (release: () => void) => void;
  readonly refuse: () => void;
}

/**
 * Limits the work of bcrypt: the number of concurrent jobs, the number of waiting requests, and their waiting time.
 *
 * One more slot is reserved for known callers: requests of a live session or from a trusted device. A flood of sign-ins
 * at random addresses fills the general slots and their line; the owners' devices still use the reserved slot. Anyone
 * can create accounts, so each account has at most one place in the reserved line.
 *
 * Without the limits, a flood fills the queue for minutes, and an owner who signs in later waits behind requests whose
 * clients have disconnected.
 */
export class HashQueue {
  private readonly general = new WaitingLine<Entry>();
  private readonly reserved = new WaitingLine<Entry>();
  /** Accounts that wait for the reserved slot or use it. */
  private readonly accounts = new Set<string>();
  private free: number;
  private reservedFree = 1;

  /**
   * @param slots concurrent jobs, beside the reserved slot
   * @param averageMs assumed job time in milliseconds until the first job is measured
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
   * @throws {TwoFactorException} SERVICE_UNAVAILABLE without starting `work`: the line is full, the wait or the
   *   request's deadline is over, or the client has disconnected
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
    // Checked again: a slot may have become free during the database query.
    if (this.free > 0) return this.takeGeneral();
    if (account === null || this.accounts.has(account)) return this.wait(this.general, this.slots, caller, null);
    return this.reservedFree > 0 ? this.takeReserved(account) : this.wait(this.reserved, 1, caller, account);
  }

  /** @param account whose place in the reserved line ends with the job */
  private takeGeneral(account: string | null = null): () => void {
    this.free--;
    return () => {
      this.free++;
      if (account !== null) this.accounts.delete(account);
      // A known caller takes the first free slot, but does not overtake earlier requests for a general slot: anyone can
      // create accounts.
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

  /** Skips requests whose clients have disconnected. */
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

  /** @throws {TwoFactorException} SERVICE_UNAVAILABLE when the line is full and no request can be evicted */
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

  /** @returns the time to serve a full line, in milliseconds */
  private get patienceMs(): number {
    return Math.max(PATIENCE_MS, LEAST_WAITING * this.averageMs);
  }

  private refusal(): TwoFactorException {
    return new TwoFactorException('SERVICE_UNAVAILABLE', { retryAfter: Math.ceil(this.patienceMs / 1000) });
  }
}

/**
 * Concurrent hashes of the general slots: one per core, but at most two fewer than libuv's pool has threads. One of
 * those two threads is for the reserved slot. The other one stays free for files, name look-ups and TLS handshakes of
 * new database connections, which use the same pool.
 *
 * libuv reads UV_THREADPOOL_SIZE when the process starts; a program cannot reliably set it for itself.
 */
export function generalSlots(cores = availableParallelism(), pool = process.env['UV_THREADPOOL_SIZE']): number {
  return Math.max(1, Math.min(cores, (Number(pool) || 4) - 2));
}

/** @returns the hash queue's view of a request */
export function hashCaller(request: IncomingRequest, accountId?: string): HashCaller {
  return {
    network: surroundingNetwork(request.ip),
    abandoned: request.abandoned,
    ...(accountId !== undefined && { knownAs: () => Promise.resolve(accountId) }),
  };
}
