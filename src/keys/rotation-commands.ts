import type { KeyRotation, KeyUse, Retirement, RotationProgress } from '../two-factor/index.js';

/* The commands on keys that need the database. Each prints its result and returns the exit code. */

const REPORT_EVERY_MS = 1000;

const OUTCOMES: Readonly<Record<Retirement, (kid: string) => string>> = {
  retired: (kid) => `${kid} is retired: take it out of TWO_FACTOR_KEYS`,
  unknown: (kid) => `${kid} never sealed anything here`,
  current: (kid) => `${kid} is the current key: put another one in front of TWO_FACTOR_KEYS first`,
  'rows-left': (kid) => `${kid} is not retired: rows still need it`,
  'codes-left': (kid) => `${kid} is not retired: one-time codes still need it`,
  'messages-left': (kid) => `${kid} is not retired: queued messages may still need it`,
};

/** Shows every key. Exit code 1 when the service would not start with this ring. */
export async function showStatus(keys: KeyRotation): Promise<number> {
  const uses = await keys.status();
  const current = uses.find((use) => use.current)?.kid ?? '';
  const head = ['key', 'state', 'authenticators', 'phone numbers', 'codes', 'first sealed', 'last current'];
  console.log(
    formatTable([
      head,
      ...uses.map((use) => [
        use.kid,
        stateOf(use),
        String(use.rows.authenticator ?? 0),
        String(use.rows['otp-method'] ?? 0),
        String(use.codes),
        minute(use.firstUsedAt),
        minute(use.lastCurrentAt),
      ]),
    ]),
  );
  for (const use of uses) {
    const advice = adviceOn(use, current);
    if (advice !== null) console.log(advice);
  }
  return uses.some(isFault) ? 1 : 0;
}

/** Seals all rows with the current key. Exit code 1 when rows are left, also after a signal. */
export async function rotateKeys(
  keys: KeyRotation,
  { batchSize }: { readonly batchSize: number | undefined },
  signal: AbortSignal,
): Promise<number> {
  const { done, total, unreadable, left } = await keys.rotate({
    ...(batchSize !== undefined && { batchSize }),
    signal,
    onProgress: progressReporter(),
    onUnreadable: ({ table, id }) => console.error(`Cannot be opened, stays as it is: ${table} ${id}`),
  });
  console.log(`Sealed anew: ${done} of ${total} rows`);
  if (unreadable.length > 0) console.error(`${unreadable.length} rows cannot be opened by any key of the ring`);
  if (left > unreadable.length) {
    const reason = signal.aborted ? 'Stopped' : 'Something still seals with an older key, or holds rows';
    console.error(`${reason}: ${left - unreadable.length} rows are left, run rotate again`);
  }
  const uses = await keys.status();
  const current = uses.find((use) => use.current)?.kid ?? '';
  for (const use of uses) {
    const advice = adviceOn(use, current);
    if (advice !== null) console.log(advice);
  }
  return left > 0 ? 1 : 0;
}

/** Retires a key. Exit code 1 when it is still needed. */
export async function retireKey(
  keys: KeyRotation,
  { kid, now }: { readonly kid: string; readonly now: boolean },
): Promise<number> {
  const outcome = await keys.retire(kid, { now });
  if (outcome === 'retired') {
    console.log(OUTCOMES[outcome](kid));
    return 0;
  }
  console.error(OUTCOMES[outcome](kid));
  const uses = await keys.status();
  const use = uses.find((key) => key.kid === kid);
  const advice = use && adviceOn(use, uses.find(({ current }) => current)?.kid ?? '');
  if (advice) console.error(advice);
  return 1;
}

/** Advice for the operator about a key; null where there is nothing to do. */
function adviceOn(use: KeyUse, current: string): string | null {
  const { kid, outlivedAt } = use;
  const rows = rowsOf(use);
  if (use.current) return use.retiredAt === null ? null : `${kid}: retired, must not seal. Put another key in front`;
  if (use.retiredAt !== null) return use.inRing ? `${kid}: retired, may be taken out of TWO_FACTOR_KEYS` : null;
  if (use.changed) return `${kid}: the ring has another key of that name than the one that sealed`;
  if (use.firstUsedAt === null) return null;
  if (!use.inRing) return `${kid}: missing from TWO_FACTOR_KEYS, put it back (needed by ${rows} rows)`;
  if (rows > 0) return `${kid}: needed by ${rows} rows; "rotate" brings them under ${current}`;
  if (use.codes > 0) return `${kid}: needed by codes for some minutes yet`;
  if (outlivedAt !== null && outlivedAt.getTime() > Date.now()) {
    return `${kid}: no row needs it; queued messages may until ${minute(outlivedAt)}, then run "retire ${kid}"`;
  }
  return `${kid}: nothing needs it, run "retire ${kid}"`;
}

function rowsOf({ rows }: KeyUse): number {
  return Object.values(rows).reduce((sum, count) => sum + count, 0);
}

function isFault({ inRing, changed, current, firstUsedAt, retiredAt }: KeyUse): boolean {
  if (retiredAt !== null) return current;
  return changed || (!inRing && firstUsedAt !== null);
}

function stateOf(use: KeyUse): string {
  if (use.retiredAt !== null) return 'retired';
  if (use.changed) return 'CHANGED';
  if (!use.inRing) return 'MISSING';
  if (use.current) return 'current';
  return use.firstUsedAt === null ? 'unused' : 'older';
}

function minute(time: Date | null): string {
  return time === null ? 'never' : `${time.toISOString().slice(0, 16)}Z`;
}

/** Prints the first report immediately, later ones at most every second. */
function progressReporter(): (progress: RotationProgress) => void {
  const begun = Date.now();
  let reportedAt = Number.NEGATIVE_INFINITY;
  return ({ done, total }) => {
    const now = Date.now();
    if (now - reportedAt < REPORT_EVERY_MS) return;
    reportedAt = now;
    const rate = Math.round((done * 1000) / Math.max(1, now - begun));
    console.log(`${done} of ${total} rows (${Math.floor((done * 100) / Math.max(1, total))} %), ${rate} a second`);
  };
}

/** Lines of equally wide columns, two blanks apart. */
function formatTable(rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
