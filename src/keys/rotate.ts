import type { KeyRotation, RotationProgress } from '../two-factor/index.js';
import { adviceOn } from './status.js';

const TELL_EVERY_MS = 1000;

/** Brings everything under the current key. Exit code 1 when something is left, also when it was stopped. */
export async function rotateKeys(
  keys: KeyRotation,
  { batchSize }: { readonly batchSize: number | undefined },
  signal: AbortSignal,
): Promise<number> {
  const { done, total, unreadable, left } = await keys.rotate({
    ...(batchSize !== undefined && { batchSize }),
    signal,
    onProgress: teller(),
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

/** Tells at once and then every second. */
function teller(): (progress: RotationProgress) => void {
  const begun = Date.now();
  let toldAt = Number.NEGATIVE_INFINITY;
  return ({ done, total }) => {
    const now = Date.now();
    if (now - toldAt < TELL_EVERY_MS) return;
    toldAt = now;
    const rate = Math.round((done * 1000) / Math.max(1, now - begun));
    console.log(`${done} of ${total} rows (${Math.floor((done * 100) / Math.max(1, total))} %), ${rate} a second`);
  };
}
