import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Browser, Caller, enrol, openChallenge, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { dumpDatabase, type DumpedValue } from '../support/leaks/database-dump.js';
import { linkMailedTo } from '../support/links.js';
import { startTestService, type TestService } from '../support/service.js';

describe('control 27: the database contains digests of tokens and codes, and sealed seeds, never the secrets themselves', () => {
  let service: TestService;
  let owner: EnrolledOwner;
  let dump: DumpedValue[];
  /** All live tokens, by their kind. */
  const alive = new Map<string, string>();
  const dead: string[] = [];
  let seed: string;
  beforeAll(async () => {
    service = await startTestService({ messages: true, config: { bcryptCost: 10 } });
    const caller = new Caller(service);
    owner = await enrol(service);
    alive.set('a session', owner.token);

    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    seed = new URL(staged.body.totpURI).searchParams.get('secret') ?? '';

    const sessionsBefore = (await trust(service, owner)).device;
    const next = await signIn(service, owner.email, sessionsBefore);
    dead.push(sessionsBefore);
    alive.set('a device', next.body.trustedDeviceToken);
    alive.set('the session of a device', next.body.token);

    const challenge = await openChallenge(service, owner);
    await caller.post('/two-factor/send-otp', {}, challenge);
    alive.set('a challenge', challenge);

    const browser = new Browser(service);
    await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const cookie = [...browser.cookies].find(([name]) => name.includes('two_factor'));
    alive.set('a challenge in a cookie', decodeURIComponent(cookie?.[1] ?? ''));
    await caller.post('/request-password-reset', { email: owner.email });
    alive.set('a mailed link', (await linkMailedTo(service, owner.email)).token);
    dump = await dumpDatabase(service.databaseUrl);
  });
  afterAll(() => service.close());

  const everything = () => dump.map(({ text, bytes }) => [text, ...bytes.map(String)].join('\n')).join('\n');
  const of = (column: string) => dump.filter((value) => value.column === `public.${column}`).map(({ text }) => text);
  const digests = () => dump.flatMap(({ column, bytes }) => bytes.map((digest) => ({ column, digest })));

  it('stores every live token as its SHA-256 and in no other form', () => {
    expect(alive.size).toBe(6);
    for (const [what, token] of alive) {
      expect([what, token]).toEqual([what, expect.stringMatching(/^(tf[scl]_[\w-]{43}|tfd_[\w-]{22}\.[\w-]{43})$/)]);
      const hash = createHash('sha256').update(token).digest();
      const columns = digests().filter(({ digest }) => digest.equals(hash));
      expect([what, columns.map(({ column }) => column.split('.').at(-1))]).toEqual([what, ['token_hash']]);
      expect(everything()).not.toContain(token.slice('tfs_'.length));
    }
  });

  it('stores a replaced token as its SHA-256, to detect its reuse', () => {
    for (const token of dead) {
      const hash = createHash('sha256').update(token).digest();
      expect(digests().find(({ digest }) => digest.equals(hash))?.column).toMatch(/\.rotated_hashes$/);
      expect(everything()).not.toContain(token.slice('tfd_'.length));
    }
  });

  it('stores a backup code as a digest that is bound to its account', () => {
    const stored = digests().filter(({ column }) => column.endsWith('two_factor_backup_code.code_hash'));
    // The codes in force and the staged codes.
    expect(stored).toHaveLength(20);
    const text = everything().toLowerCase();
    for (const code of owner.backupCodes) {
      const symbols = code.replaceAll('-', '');
      const bound = createHash('sha256')
        .update(JSON.stringify([owner.id, symbols]))
        .digest();
      expect(stored.filter(({ digest }) => digest.equals(bound))).toHaveLength(1);
      const plain = createHash('sha256').update(symbols).digest();
      expect(stored.filter(({ digest }) => digest.equals(plain))).toHaveLength(0);
      for (const form of [code, symbols]) expect(text).not.toContain(form.toLowerCase());
    }
  });

  it('stores a sealed seed and a slow hash of the password', () => {
    expect(of('two_factor_authenticator.secret')).toHaveLength(2);
    for (const sealed of of('two_factor_authenticator.secret')) {
      // A nonce of 12 bytes, a seed of 20 and a tag of 16.
      expect(sealed).toMatch(/^test\.[\w-]{64}$/);
    }
    expect(everything()).not.toContain(seed);
    expect(of('users.password_hash')).toEqual([expect.stringMatching(/^\$2b\$10\$.{53}$/)]);
    expect(everything()).not.toContain(PASSWORD);
  });

  it('stores a mailed code nowhere, not even as a digest', async () => {
    const code = await service.messages.codeMailedTo(owner.email);
    const hash = createHash('sha256').update(code).digest();
    expect(digests().filter(({ digest }) => digest.equals(hash))).toEqual([]);
    const holders = dump.filter(
      ({ type, text }) => !type.startsWith('timestamp') && new RegExp(`\\b${code}\\b`).test(text),
    );
    expect(holders).toEqual([]);
  });

  it('stores different hashes for two accounts with the same password', async () => {
    await enrol(service);
    const rows = await service.query<{ password_hash: string }>('SELECT password_hash FROM users');
    expect(rows).toHaveLength(2);
    expect(new Set(rows.map(({ password_hash }) => password_hash)).size).toBe(2);
  });
});
