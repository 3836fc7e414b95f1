import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorsService } from '../../src/two-factor/factors/totp/authenticators.service.js';
import { Caller, PASSWORD, signUp } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

/** Decodes base32 [RFC 4648 §6]. It is written here because the test must not rely on the code under test. */
function decodeBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) => {
    const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter);
    if (value < 0) throw new Error(`"${letter}" is not base32`);
    return value.toString(2).padStart(5, '0');
  }).join('');
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

function secretOf(totpURI: string | null): Buffer {
  return decodeBase32(/[?&]secret=([A-Z2-7]+)(?:&|$)/.exec(totpURI ?? '')?.[1] ?? '');
}

describe('control 04: secrets are long, random and all distinct [RFC 4226 §4 R6]', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  it('decodes the base32 vectors of RFC 4648 with the decoder of this test', () => {
    expect(decodeBase32('MZXW6YTBOI').toString()).toBe('foobar');
  });

  it('gives twenty distinct secrets to one owner who asks for twenty', async () => {
    const { token } = await signUp(service);
    const caller = new Caller(service);
    const secrets = new Set<string>();
    for (let n = 0; n < 20; n++) {
      const { status, body } = await caller.post('/two-factor/enable', { password: PASSWORD }, token);
      expect(status).toBe(200);
      const secret = secretOf(body.totpURI);
      expect(secret.length).toBeGreaterThanOrEqual(20);
      secrets.add(secret.toString('hex'));
    }
    expect(secrets.size).toBe(20);
  });

  it('gives a thousand distinct secrets to a thousand accounts, with equally frequent ones and zeros', async () => {
    const authenticators = service.app.get(AuthenticatorsService);
    const secrets: Buffer[] = [];
    for (let n = 0; n < 1000; n += 10) {
      const made = Array.from({ length: 10 }, () => authenticators.create(randomUUID(), randomUUID()));
      secrets.push(...made.map(({ secret }) => secret));
    }
    expect(secrets.filter(({ length }) => length < 20)).toEqual([]);
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(1000);

    const bits = secrets.flatMap((secret) => Array.from(secret, (byte) => byte.toString(2).padStart(8, '0'))).join('');
    const ones = bits.replaceAll('0', '').length;
    // Six standard deviations: a uniform source fails this once in 500 million runs.
    expect(Math.abs(ones - bits.length / 2)).toBeLessThan(3 * Math.sqrt(bits.length));
    // Every byte position takes many values.
    for (let at = 0; at < 20; at++) expect(new Set(secrets.map((secret) => secret[at])).size).toBeGreaterThan(200);
  });
});
