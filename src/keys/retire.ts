import type { KeyRotation, Retirement } from '../two-factor/index.js';
import { adviceOn } from './status.js';

const ANSWERS: Readonly<Record<Retirement, (kid: string) => string>> = {
  retired: (kid) => `${kid} is retired: take it out of TWO_FACTOR_KEYS`,
  unknown: (kid) => `${kid} never sealed anything here`,
  current: (kid) => `${kid} is the current key: put another one in front of TWO_FACTOR_KEYS first`,
  'rows-left': (kid) => `${kid} is not retired: rows still need it`,
  'codes-left': (kid) => `${kid} is not retired: one-time codes still need it`,
  'messages-left': (kid) => `${kid} is not retired: queued messages may still need it`,
};

/** Gives up a key. Exit code 1 when it is still needed. */
export async function retireKey(
  keys: KeyRotation,
  { kid, now }: { readonly kid: string; readonly now: boolean },
): Promise<number> {
  const outcome = await keys.retire(kid, { now });
  if (outcome === 'retired') {
    console.log(ANSWERS[outcome](kid));
    return 0;
  }
  console.error(ANSWERS[outcome](kid));
  const uses = await keys.status();
  const use = uses.find((key) => key.kid === kid);
  const advice = use && adviceOn(use, uses.find(({ current }) => current)?.kid ?? '');
  if (advice) console.error(advice);
  return 1;
}
