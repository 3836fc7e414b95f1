import type { KeyRotation, KeyUse } from '../two-factor/index.js';
import { table } from './table.js';

/** Shows every key. Exit code 1 when the service would not start with this ring. */
export async function showStatus(keys: KeyRotation): Promise<number> {
  const uses = await keys.status();
  const current = uses.find((use) => use.current)?.kid ?? '';
  const head = ['key', 'state', 'authenticators', 'phone numbers', 'codes', 'first sealed', 'last current'];
  console.log(
    table([
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

/** What to do about a key, for people; null where nothing is to be done. */
export function adviceOn(use: KeyUse, current: string): string | null {
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
