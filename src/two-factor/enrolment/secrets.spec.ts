import { describe, expect, it } from '@jest/globals';
import { ScureBase32Plugin } from 'otplib';
import { HkdfKeyRing } from '../adapters/hkdf-key-ring.js';
import { SystemRandom } from '../adapters/system-random.js';
import { AccountDirectory, type Account } from '../ports/account-directory.js';
import { PasswordVerifier } from '../ports/password-verifier.js';
import { Random } from '../ports/random.js';
import { AesGcmSealer } from '../sealing/sealer.js';
import { FakeRandom } from '../testing/fake-random.js';
import { authenticatorRecord } from '../totp/totp.service.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { EnrolmentService } from './enrolment.service.js';

const SESSION = { sessionId: 'session', accountId: 'ada', secondFactorAt: null };
const base32 = new ScureBase32Plugin();

class OneAccount extends AccountDirectory {
  override async find(id: string): Promise<Account> {
    const times = { createdAt: new Date(0), updatedAt: new Date(0) };
    const email = `${id}@example.com`;
    const user = { id, email, emailVerified: true, name: id, image: null, twoFactorEnabled: false, ...times };
    return { id, label: email, email, user };
  }

  override async recordTwoFactor(): Promise<void> {}
}

class AnyPassword extends PasswordVerifier {
  override async verify(): Promise<boolean> {
    return true;
  }
}

/** Keeps what was to be written. */
class Written {
  readonly rows: unknown[][] = [];

  async query(_: unknown, values: unknown[]): Promise<object[]> {
    this.rows.push(values);
    return [{ id: values[0] }];
  }
}

function enrolmentWith(random: Random) {
  const written = new Written();
  const sealer = new AesGcmSealer(new HkdfKeyRing([{ kid: 'k', secret: Buffer.alloc(32, 7) }]), random);
  const service = new EnrolmentService(
    written as never,
    { isOn: async () => false } as never,
    { isStrong: () => false } as never,
    new AnyPassword(),
    new OneAccount(),
    undefined as never,
    sealer,
    random,
    undefined as never,
    new TwoFactorOptions({ issuer: 'Acme', trustedOrigins: [] }),
  );
  return { service, written, sealer };
}

const secretOf = (totpURI: string) => Buffer.from(base32.decode(new URL(totpURI).searchParams.get('secret') ?? ''));

describe('the secrets of authenticators [RFC 4226 §4 R6]', () => {
  it('are 20 bytes or more, and a thousand of them all distinct', async () => {
    const { service } = enrolmentWith(new SystemRandom());
    const secrets = new Set<string>();
    for (let n = 0; n < 1000; n++) {
      const secret = secretOf((await service.enable(SESSION, { password: 'x' })).totpURI);
      expect(secret.length).toBeGreaterThanOrEqual(20);
      secrets.add(secret.toString('hex'));
    }
    expect(secrets.size).toBe(1000);
  });

  it('come from the Random port as they are', async () => {
    const { service } = enrolmentWith(new FakeRandom('enrol'));
    const { totpURI } = await service.enable(SESSION, { password: 'x' });
    expect(secretOf(totpURI)).toEqual(new FakeRandom('enrol').bytes(20));
  });

  it('are written sealed to their account and record, and as nothing else', async () => {
    const { service, written, sealer } = enrolmentWith(new SystemRandom());
    const { totpURI, backupCodes } = await service.enable(SESSION, { password: 'x' });
    const secret = secretOf(totpURI);
    const [[id, accountId, sealed] = []] = written.rows;
    expect(sealer.open(String(sealed), authenticatorRecord(String(accountId), String(id)))).toEqual(secret);
    const text = JSON.stringify(written.rows);
    const forms = [secret.toString('hex'), secret.toString('base64url'), base32.encode(secret, { padding: false })];
    for (const form of [...forms, ...backupCodes, ...backupCodes.map((code) => code.replaceAll('-', ''))]) {
      expect(text).not.toContain(form);
    }
  });
});
