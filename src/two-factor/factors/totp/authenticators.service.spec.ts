import { describe, expect, it } from '@jest/globals';
import { ScureBase32Plugin } from 'otplib';
import { HkdfKeyRing } from '../../adapters/hkdf-key-ring.js';
import { SystemRandom } from '../../adapters/system-random.js';
import type { Random } from '../../ports/random.js';
import { AesGcmSealer } from '../../keys/sealer.js';
import { FakeRandom } from '../../testing/fake-random.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { AuthenticatorsService } from './authenticators.service.js';

const SESSION = { sessionId: 'session', accountId: 'ada', strong: false };
const SHOWN = { issuer: 'Acme', label: 'ada@example.com' };
const base32 = new ScureBase32Plugin();

/** Keeps what was to be written. */
class Written {
  readonly rows: unknown[][] = [];

  async query(_: unknown, values: unknown[]): Promise<object[]> {
    this.rows.push(values);
    return [{ id: values[0] }];
  }
}

function authenticatorsWith(random: Random) {
  const written = new Written();
  const sealer = new AesGcmSealer(new HkdfKeyRing([{ kid: 'k', secret: Buffer.alloc(32, 7) }]), random);
  const options = new TwoFactorOptions({ issuer: 'Acme', trustedOrigins: [] });
  return { service: new AuthenticatorsService(sealer, random, options), written };
}

const secretOf = (totpURI: string | null) =>
  Buffer.from(base32.decode(new URL(totpURI ?? '').searchParams.get('secret') ?? ''));

describe('the secrets of authenticators [RFC 4226 §4 R6]', () => {
  it('come from the Random port as they are', async () => {
    const { service, written } = authenticatorsWith(new FakeRandom('enrol'));
    const totpURI = await service.stage(SHOWN, SESSION, [], written as never);
    expect(secretOf(totpURI)).toEqual(new FakeRandom('enrol').bytes(20));
  });

  it('are written sealed to their account and record, and as nothing else', async () => {
    const { service, written } = authenticatorsWith(new SystemRandom());
    const totpURI = await service.stage(SHOWN, SESSION, [], written as never);
    const secret = secretOf(totpURI);
    const [[id, accountId, sealed] = []] = written.rows;
    expect(service.secretOf(String(accountId), { id: String(id), secret: String(sealed) })).toEqual(secret);
    const text = JSON.stringify(written.rows);
    const forms = [secret.toString('hex'), secret.toString('base64url'), base32.encode(secret, { padding: false })];
    for (const form of forms) expect(text).not.toContain(form);
  });
});
