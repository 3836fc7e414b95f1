import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { dumpDatabase } from '../support/leaks/database-dump.js';
import { secrets } from '../support/leaks/secrets.js';
import { startTestService, type TestService } from '../support/service.js';

/** Columns that contain transformed secrets: digests, nonces and ciphertexts. */
const SECRET = /_hash(?:es)?$|\.secret$|\.nonce$|\.fingerprint$|\.payload$/;

describe('control 40: what the database stores is rejected where the original secret is accepted', () => {
  let service: TestService;
  let caller: Caller;
  let owner: EnrolledOwner;
  let challenge: string;
  let candidates: string[];
  let digests: Buffer[];
  beforeAll(async () => {
    service = await startTestService({ messages: true });
    caller = new Caller(service);
    owner = await enrol(service);
    const { device } = await trust(service, owner);
    await signIn(service, owner.email, device);
    challenge = await openChallenge(service, owner);
    await caller.post('/two-factor/send-otp', {}, challenge);
    await service.messages.codeMailedTo(owner.email);
    const dump = (await dumpDatabase(service.databaseUrl)).filter(({ column }) => SECRET.test(column));
    const columns = new Set(dump.map(({ column }) => column.split('.').at(-1)));
    expect(columns).toEqual(
      new Set([
        'token_hash',
        'family_hash',
        'rotated_hashes',
        'code_hash',
        'password_hash',
        'secret',
        'nonce',
        'fingerprint',
      ]),
    );
    // One code of each set stands for all ten.
    const backup = dump.filter(({ column }) => column.endsWith('.code_hash')).slice(2);
    const looked = dump.filter((value) => !backup.includes(value));
    digests = looked.flatMap(({ bytes }) => bytes);
    const sealed = looked.flatMap(({ text, bytes }) => (bytes.length > 0 ? [] : [text]));
    candidates = [
      ...new Set([...digests.flatMap(formsOf), ...sealed, ...sealed.map((text) => text.slice(text.indexOf('.') + 1))]),
    ];
    expect(candidates.length).toBeGreaterThan(50);
    for (const candidate of candidates) secrets.exempt(candidate);
  });
  afterAll(() => service.close());

  /** Resets the budgets of guesses, so that every candidate is evaluated. */
  async function withoutBudgets(): Promise<void> {
    await service.query('UPDATE two_factor_challenge SET guesses = 0');
    await service.query('UPDATE two_factor_attempts SET failures = 0, locks = 0, locked_until = NULL');
  }

  it.each([
    ['/two-factor/verify-totp', 'INVALID_CODE'],
    ['/two-factor/verify-otp', 'INVALID_CODE'],
    ['/two-factor/verify-backup-code', 'INVALID_BACKUP_CODE'],
  ])('rejects a stored digest as a code at %s', async (path, code) => {
    for (const [index, candidate] of candidates.entries()) {
      if (index % 4 === 0) await withoutBudgets();
      const answer = await caller.post(path, { code: candidate }, challenge);
      expect([candidate, answer.status, answer.body.code]).toEqual([candidate, 401, code]);
    }
    await withoutBudgets();
  });

  it('rejects a stored digest as a session token', async () => {
    for (const token of digests.flatMap((digest) => tokensOf(digest, 'tfs_'))) {
      const headers = { authorization: `Bearer ${token}` };
      expect((await caller.get('/get-session', undefined, headers)).body).toBeNull();
      expect((await caller.get('/list-sessions', undefined, headers)).status).toBe(401);
      const cookie = { cookie: `session_token=${encodeURIComponent(token)}` };
      expect((await caller.get('/get-session', undefined, cookie)).body).toBeNull();
    }
  });

  it('rejects a stored digest as a challenge token, even with the right code', async () => {
    const code = owner.app.nextCode();
    for (const token of digests.flatMap((digest) => tokensOf(digest, 'tfc_'))) {
      const answer = await caller.post('/two-factor/verify-totp', { code }, undefined, {
        authorization: `Bearer ${token}`,
      });
      expect([token, answer.status]).toEqual([token, 401]);
    }
    await withoutBudgets();
    // The code was right, and the challenge it belongs to still accepts it.
    expect((await caller.post('/two-factor/verify-totp', { code }, challenge)).status).toBe(200);
  });

  it('rejects a stored digest as a trusted-device token, even with the right password', async () => {
    const rows = await service.query<{ hashes: Buffer[] }>(
      'SELECT family_hash || (token_hash || rotated_hashes) AS hashes FROM two_factor_trusted_device',
    );
    const stored = rows.flatMap(({ hashes }) => hashes);
    expect(stored).toHaveLength(3);
    const parts = stored.flatMap((digest) => tokensOf(digest, ''));
    const families = [stored[0]?.subarray(0, 16).toString('base64url') ?? '', 'A'.repeat(22)];
    const tokens = families.flatMap((family) => parts.map((part) => `tfd_${family}.${part}`));
    for (const token of [...tokens, ...parts.map((part) => `tfd_${part}`)]) {
      expect((await signIn(service, owner.email, token)).body).toMatchObject({ twoFactorRedirect: true });
    }
  });

  it('rejects the stored hash as a password', async () => {
    const [row] = await service.query<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [
      owner.id,
    ]);
    const hash = row?.password_hash ?? '';
    for (const password of [hash, hash.slice(7), hash.slice(29)]) {
      secrets.exempt(password);
      expect((await signIn(service, owner.email, undefined, password)).status).toBe(401);
    }
    expect((await signIn(service, owner.email, undefined, PASSWORD)).status).toBe(200);
  });
});

/** Returns the spellings of a digest that an attacker with a dump would try, and parts of it that look like a code. */
function formsOf(digest: Buffer): string[] {
  const hex = digest.toString('hex');
  const digits = String(digest.readUInt32BE(0) % 1_000_000).padStart(6, '0');
  return [
    hex,
    hex.toUpperCase(),
    `\\x${hex}`,
    hex.slice(0, 6),
    digest.toString('base64'),
    digest.toString('base64url'),
    digest.toString('latin1'),
    // The result of the normalisation of backup codes.
    hex.slice(0, 24).toUpperCase(),
    digits,
  ];
}

/** Formats a digest as a token, with the prefix, the right length and the right alphabet. */
function tokensOf(digest: Buffer, prefix: string): string[] {
  const encoded = digest.toString('base64url');
  return [prefix + encoded, encoded, prefix + digest.toString('hex'), digest.toString('hex')];
}
