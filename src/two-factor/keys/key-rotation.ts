import { setTimeout as sleep } from 'node:timers/promises';
import { NOTICE_LIFE } from '../messages/message-writer.js';
import { KeyRing } from '../ports/key-ring.js';
import { Database } from '../postgres/database.js';
import { statement, type Statement } from '../postgres/statement.js';
import { KEY_RING_CHECK_INTERVAL } from './key-ring-monitor.js';
import { KeyRegister, type RegisteredKey } from './key-register.js';
import { RotationRun, type Rotation, type RotationOptions } from './rotation-run.js';
import type { RowsOfKey, SealedKind, SealedRecords, SealedRow } from './sealed-records.js';
import { SealBrokenError, type AesGcmSealer } from './sealer.js';

/** How often rows that somebody held are tried again, and how long after. */
const PASSES = 50;
const PAUSE_MS = 100;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * How long after a key was last current something that cannot be sealed anew may need it: a message waits in the outbox
 * for a day, a code lives for minutes, and a process tells which key it seals with every few minutes. In seconds.
 */
const KEY_OUTLIVES = NOTICE_LIFE + 2 * KEY_RING_CHECK_INTERVAL;

/** Values: kid, seconds that it outlives its last use. One row when it is retired now, or was before. */
const RETIRE_KEY = statement(
  'retire_key',
  `UPDATE two_factor_key SET live_kid = NULL, retired_at = coalesce(retired_at, now())
   WHERE kid = $1 AND (retired_at IS NOT NULL OR last_current_at <= now() - make_interval(secs => $2))
   RETURNING kid`,
);

/** What depends on keys: rows that can be sealed anew, and codes that die soon. */
export interface KeyedRecords {
  readonly sealed: readonly SealedRecords[];
  /** Gives `RowsOfKey` for one-time codes that live. */
  readonly countCodes: Statement;
}

/** A key, and what still needs it. */
export interface KeyUse {
  readonly kid: string;
  readonly inRing: boolean;
  /** Whether the ring seals with it. */
  readonly current: boolean;
  /** The ring has a key of that name, but it is not the one that sealed. */
  readonly changed: boolean;
  /** Null for a key that never sealed. */
  readonly firstUsedAt: Date | null;
  readonly lastCurrentAt: Date | null;
  readonly retiredAt: Date | null;
  /** Sealed rows by kind; a rotation brings them under the current key. */
  readonly rows: Readonly<Partial<Record<SealedKind, number>>>;
  /** One-time codes that live: for five minutes at most. */
  readonly codes: number;
  /** When no message and no code can need it any more, if no process seals with it again. Null for one that never sealed. */
  readonly outlivedAt: Date | null;
}

/** `retired`, or why not. */
export type Retirement = 'retired' | 'unknown' | 'current' | 'rows-left' | 'codes-left' | 'messages-left';

/**
 * The life of ring keys: which are needed, bringing everything under the current one, giving up those that nobody needs.
 *
 * @example
 * ```ts
 * const { left } = await app.get(KeyRotation).rotate();
 * ```
 */
export class KeyRotation {
  private readonly register: KeyRegister;

  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly sealer: AesGcmSealer,
    private readonly records: KeyedRecords,
  ) {
    this.register = new KeyRegister(database, ring);
  }

  /** @returns the ring's keys in its order, then others that ever sealed */
  async status(): Promise<KeyUse[]> {
    const registered = new Map((await this.register.keys()).map((key) => [key.kid, key]));
    const kids = new Set([...this.ring.kids, ...registered.keys()]);
    const codes = byKey(await this.database.query<RowsOfKey>(this.records.countCodes));
    const rows: Array<readonly [SealedKind, ReadonlyMap<string, number>]> = [];
    for (const { kind, count } of this.records.sealed) {
      rows.push([kind, byKey(await this.database.query<RowsOfKey>(count))]);
    }
    return Array.from(kids, (kid) => ({
      ...this.lifeOf(kid, registered.get(kid)),
      rows: Object.fromEntries(rows.map(([kind, counts]) => [kind, counts.get(kid) ?? 0])),
      codes: codes.get(kid) ?? 0,
    }));
  }

  /**
   * Seals with the current key whatever an older one sealed, while the service runs. Looks for rows under older keys, so
   * it can be stopped, killed, repeated, and run twice at once.
   *
   * @throws {Error} when the ring lacks a key that is needed; see `KeyRegister.enter`
   */
  async rotate(options: RotationOptions = {}): Promise<Rotation> {
    await this.register.enter();
    const older = (await this.register.keys()).filter(
      ({ kid, retiredAt }) => retiredAt === null && kid !== this.ring.current,
    );
    const run = new RotationRun(await this.rowsUnder(older), options);
    for (const records of this.records.sealed) {
      for (const { kid } of older) await this.bringOver(kid, records, run);
    }
    return { ...run.progress, unreadable: run.unreadable, left: await this.rowsUnder(older) };
  }

  /**
   * Gives a key up: from then on the ring need not hold it, and nothing can be sealed with it. The name stays taken.
   *
   * Postgres refuses it while a sealed row refers to the key, so no process with an older ring can come between.
   *
   * @param options.now gives up codes and messages that need it too: for a key that leaked
   */
  async retire(kid: string, { now = false }: { readonly now?: boolean } = {}): Promise<Retirement> {
    if (kid === this.ring.current) return 'current';
    const use = (await this.status()).find((key) => key.kid === kid);
    if (!use?.firstUsedAt) return 'unknown';
    if (Object.values(use.rows).some((rows) => rows > 0)) return 'rows-left';
    if (use.codes > 0 && !now) return 'codes-left';
    try {
      const retired = await this.database.query(RETIRE_KEY, [kid, now ? 0 : KEY_OUTLIVES]);
      return retired.length > 0 ? 'retired' : 'messages-left';
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'rows-left';
      throw error;
    }
  }

  private lifeOf(kid: string, key: RegisteredKey | undefined): Omit<KeyUse, 'rows' | 'codes'> {
    const inRing = this.ring.kids.includes(kid);
    return {
      kid,
      inRing,
      current: kid === this.ring.current,
      changed: inRing && key !== undefined && !this.register.isGenuine(key),
      firstUsedAt: key?.firstUsedAt ?? null,
      lastCurrentAt: key?.lastCurrentAt ?? null,
      retiredAt: key?.retiredAt ?? null,
      outlivedAt: key ? new Date(key.lastCurrentAt.getTime() + KEY_OUTLIVES * 1000) : null,
    };
  }

  private async rowsUnder(keys: ReadonlyArray<Pick<RegisteredKey, 'kid'>>): Promise<number> {
    let sum = 0;
    for (const { count } of this.records.sealed) {
      const counts = byKey(await this.database.query<RowsOfKey>(count));
      for (const { kid } of keys) sum += counts.get(kid) ?? 0;
    }
    return sum;
  }

  private async bringOver(kid: string, records: SealedRecords, run: RotationRun): Promise<void> {
    for (let pass = 0; pass < PASSES && !run.stopped; pass++) {
      if (pass > 0) await sleep(PAUSE_MS);
      if ((await this.pass(kid, records, run)) === 0) return;
    }
  }

  /** @returns how many rows were held or changed by somebody else */
  private async pass(kid: string, records: SealedRecords, run: RotationRun): Promise<number> {
    let passedBy = 0;
    let after = FIRST_ID;
    while (!run.stopped) {
      const batch = await this.database.query<SealedRow>(records.batch, [kid, after, run.batchSize]);
      const last = batch.at(-1);
      if (!last) break;
      after = last.id;
      const opened = batch.flatMap((row) => this.sealAnew(row, records, run));
      const values = [opened.map(({ id }) => id), opened.map(({ was }) => was), opened.map(({ sealed }) => sealed)];
      const replaced = await this.database.query(records.replace, values);
      passedBy += opened.length - replaced.length;
      run.advance(replaced.length);
    }
    return passedBy;
  }

  private sealAnew(
    { id, accountId, sealed: was }: SealedRow,
    records: SealedRecords,
    run: RotationRun,
  ): Array<{ id: string; was: string; sealed: string }> {
    const names = records.record(accountId, id);
    try {
      return [{ id, was, sealed: this.sealer.seal(this.sealer.open(was, names), names) }];
    } catch (error) {
      if (!(error instanceof SealBrokenError)) throw error;
      run.passOver({ table: records.table, id });
      return [];
    }
  }
}

function byKey(counts: readonly RowsOfKey[]): ReadonlyMap<string, number> {
  return new Map(counts.map(({ kid, rows }) => [kid, rows]));
}

function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23503';
}
