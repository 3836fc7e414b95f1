import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ScureBase32Plugin } from 'otplib';
import { HkdfKeyRing } from '../../adapters/hkdf-key-ring.js';
import { SystemClock } from '../../adapters/system-clock.js';
import { SystemRandom } from '../../adapters/system-random.js';
import { AesGcmSealer } from '../../keys/sealer.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import type { Random } from '../../ports/random.js';
import { FakeRandom } from '../../testing/fake-random.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { AuthenticatorsService } from './authenticators.service.js';
import { TotpFactor } from './totp.factor.js';

const ACCOUNT = async () => ({ label: 'ada@example.com' }) as never;
const base32 = new ScureBase32Plugin();

/** The rows that staging an authenticator writes, and the values that it returns. */
async function staged(random: Random) {
  const sealer = new AesGcmSealer(new HkdfKeyRing([{ kid: 'k', secret: randomBytes(32) }]), random);
  const unreadable = new UnreadableSecretReporter({ emit: () => {} } as never);
  const authenticators = new AuthenticatorsService(sealer, random, {} as never, unreadable);
  const options = new TwoFactorOptions({ issuer: 'Acme', trustedOrigins: [] });
  const factor = new TotpFactor(authenticators, new SystemClock(), options, unreadable);
  const [id, accountId] = [randomUUID(), 'ada'];
  const { columns, response } = await factor.prepare({})({ id, accountId, account: ACCOUNT });
  return { authenticators, id, accountId, columns, totpURI: String(response['totpURI']) };
}

const secretOf = (totpURI: string) => Buffer.from(base32.decode(new URL(totpURI).searchParams.get('secret') ?? ''));

describe('the secrets of authenticators [RFC 4226 §4 R6]', () => {
  it('are the unmodified output of the Random port', async () => {
    const { totpURI } = await staged(new FakeRandom('enrol'));
    expect(secretOf(totpURI)).toEqual(new FakeRandom('enrol').bytes(20));
  });

  it('are stored only sealed, bound to their account and record', async () => {
    const { authenticators, id, accountId, columns, totpURI } = await staged(new SystemRandom());
    const secret = secretOf(totpURI);
    expect(authenticators.secretOf(accountId, { id, secret: String(columns['secret']) })).toEqual(secret);
    const forms = [secret.toString('hex'), secret.toString('base64url'), base32.encode(secret, { padding: false })];
    for (const form of forms) expect(JSON.stringify(columns)).not.toContain(form);
  });
});
