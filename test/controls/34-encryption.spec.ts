import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { HkdfKeyRing, MessageDelivery, SystemRandom, UnknownKeyError } from '../../src/two-factor/index.js';
import { MessageSealer } from '../../src/two-factor/messages/message-sealer.js';
import { AesGcmSealer, SealBrokenError } from '../../src/two-factor/keys/sealer.js';
import { SEALED_AUTHENTICATORS } from '../../src/two-factor/factors/totp/totp.sql.js';
import {
  AuthenticatorApp,
  Caller,
  enrol,
  openChallenge,
  PASSWORD,
  type Answer,
  type AnyBody,
  type EnrolledOwner,
} from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

const CURRENT = { kid: 'k2', secret: randomBytes(32) };
const OLDER = { kid: 'k1', secret: randomBytes(32) };
const CLOSED = { message: 'Internal Server Error', code: 'INTERNAL_SERVER_ERROR' };

interface SealedRow {
  readonly id: string;
  readonly sealed: string;
}

/** Tables and columns with a sealed text. */
const AUTHENTICATOR = { table: 'two_factor_authenticator', column: 'secret' };
const DESTINATION = { table: 'two_factor_otp_method', column: 'destination' };

let service: TestService;
let caller: Caller;
/** An attacker with write access to the database, who also bypasses its foreign keys where that is necessary. */
let intruder: Client;
let ada: EnrolledOwner;
let bob: EnrolledOwner;

beforeAll(async () => {
  service = await startTestService({ config: { keys: [OLDER] } });
  const rotated = await startTestService({ replicaOf: service, messages: true, config: { keys: [CURRENT, OLDER] } });
  // From here on the older key is registered in the ring, but seals nothing new.
  service = { ...rotated, close: closeBoth(rotated, service) };
  // The test expects these errors. Their stacks in the log would help no reader.
  service.app.useLogger(false);
  caller = new Caller(service);
  intruder = new Client({ connectionString: service.databaseUrl });
  await intruder.connect();
  ada = await enrol(service);
  bob = await enrol(service);
});
afterAll(async () => {
  await intruder.end();
  await service.close();
});
beforeEach(() => {
  service.events.length = 0;
});

function closeBoth(replica: TestService, first: TestService): () => Promise<void> {
  return async () => {
    await replica.close();
    await first.close();
  };
}

async function rowOf({ table, column }: typeof AUTHENTICATOR, { id }: EnrolledOwner): Promise<SealedRow> {
  const rows = await service.query<SealedRow>(
    `SELECT id, ${column} AS sealed FROM ${table}
     WHERE account_id = $1 AND confirmed_at IS NOT NULL AND ${column} IS NOT NULL`,
    [id],
  );
  const [row] = rows;
  if (!row) throw new Error('Nothing sealed is there');
  return row;
}

async function write({ table, column }: typeof AUTHENTICATOR, { id, sealed }: SealedRow): Promise<void> {
  await intruder.query(`UPDATE ${table} SET ${column} = $2, kid = split_part($2, '.', 1) WHERE id = $1`, [id, sealed]);
}

/** Tampers with a row while `work` runs, and restores it afterwards. */
async function tampered<T>(
  place: typeof AUTHENTICATOR,
  owner: EnrolledOwner,
  tamper: (sealed: string, id: string) => string,
  work: () => Promise<T>,
): Promise<T> {
  const row = await rowOf(place, owner);
  await write(place, { id: row.id, sealed: tamper(row.sealed, row.id) });
  try {
    return await work();
  } finally {
    await write(place, row);
  }
}

async function stateOf({ id }: EnrolledOwner) {
  const [state] = await service.query<{ sessions: number; failures: number }>(
    `SELECT (SELECT count(*)::integer FROM sessions WHERE user_id::text = $1) AS sessions,
       (SELECT failures FROM two_factor_attempts WHERE account_id = $1 AND scope = 'account') AS failures`,
    [id],
  );
  return state ?? { sessions: 0, failures: 0 };
}

const alarms = () => service.events.filter(({ name }) => name === 'two-factor.secret-unreadable');

function expectClosed({ status, headers, body }: Answer<AnyBody>): void {
  expect({ status, body }).toEqual({ status: 500, body: CLOSED });
  expect(headers.get('set-auth-token')).toBeNull();
  expect(headers.getSetCookie()).toEqual([]);
}

const verify = (code: string, token: string) => caller.post('/two-factor/verify-totp', { code }, token);

/**
 * Submits a code that would be right. Expects that nothing opens, that the guess counts, and that the untampered row
 * works afterwards.
 */
async function expectShut(
  owner: EnrolledOwner,
  tamper: (sealed: string, id: string) => string,
  alarm: Record<string, unknown>,
  code = () => owner.app.nextCode(),
): Promise<void> {
  const token = await openChallenge(service, owner);
  const before = await stateOf(owner);
  await tampered(AUTHENTICATOR, owner, tamper, async () => expectClosed(await verify(code(), token)));
  expect(await stateOf(owner)).toEqual({ sessions: before.sessions, failures: before.failures + 1 });
  expect(alarms()).toMatchObject([{ name: 'two-factor.secret-unreadable', accountId: owner.id, details: alarm }]);
  expect(service.events.filter(({ name }) => /verified|failed/.test(name))).toEqual([]);
  // The challenge lives: the attempt cost only one of its five guesses.
  expect((await verify(owner.app.nextCode(), token)).status).toBe(200);
}

const BROKEN = { record: 'authenticator', reason: 'seal-broken', kid: 'k2' };

function flip(sealed: string, at: (bytes: Buffer) => number): string {
  const bytes = Buffer.from(sealed.slice('k2.'.length), 'base64url');
  const index = at(bytes);
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return `k2.${bytes.toString('base64url')}`;
}

/** Delivers a payload in the same way as the outbox. */
function deliver(payload: string): Promise<void> {
  return service.app.get(MessageDelivery).deliver(payload, new AbortController().signal);
}

/** Puts the sealed content of one message under the id of another. */
function exchangeIds(payload: string, other: string): string {
  const { sealed } = JSON.parse(payload) as { sealed: string };
  const { id } = JSON.parse(other) as { id: string };
  return JSON.stringify({ id, sealed });
}

describe('control 34: tampered data opens nothing and causes a 500 and an alarm, never a wrong-code error', () => {
  describe('a secret', () => {
    it.each<[string, (sealed: string) => string]>([
      ['with one bit of its nonce flipped', (sealed) => flip(sealed, () => 0)],
      ['with one bit of its body flipped', (sealed) => flip(sealed, () => 12)],
      ['with one bit of its tag flipped', (sealed) => flip(sealed, (bytes) => bytes.length - 1)],
      ['without its tag', (sealed) => sealed.slice(0, -22)],
      ['cut to its nonce', (sealed) => sealed.slice(0, 'k2.'.length + 16)],
      ['cut to the name of its key', () => 'k2.'],
    ])('opens nothing %s', async (_, tamper) => {
      await expectShut(ada, tamper, BROKEN);
    });

    it('opens nothing under the name of another key of the ring', async () => {
      await expectShut(ada, (sealed) => sealed.replace('k2.', 'k1.'), { ...BROKEN, kid: 'k1' });
    });

    it('opens nothing when its key is not in the ring', async () => {
      await intruder.query(`SET session_replication_role = replica`);
      try {
        const missing = { record: 'authenticator', reason: 'key-missing', kid: 'k3' };
        await expectShut(ada, (sealed) => sealed.replace('k2.', 'k3.'), missing);
      } finally {
        await intruder.query(`RESET session_replication_role`);
      }
    });

    it('is rejected by Postgres when its key is not registered', async () => {
      const { id, sealed } = await rowOf(AUTHENTICATOR, ada);
      await expect(write(AUTHENTICATOR, { id, sealed: sealed.replace('k2.', 'k3.') })).rejects.toThrow('kid_fkey');
      const unsaid = intruder.query(`UPDATE two_factor_authenticator SET kid = 'k1' WHERE id = $1`, [id]);
      await expect(unsaid).rejects.toThrow('sealed_by');
    });

    it('opens nothing when an attacker sealed it with another key of the same name', async () => {
      const forger = new AesGcmSealer(new HkdfKeyRing([{ kid: 'k2', secret: randomBytes(32) }]), new SystemRandom());
      const forged = (_: string, id: string) => forger.seal(randomBytes(20), SEALED_AUTHENTICATORS.record(ada.id, id));
      await expectShut(ada, forged, BROKEN);
    });

    it('opens nothing in the row of another account, and does not affect the account it belongs to', async () => {
      const { sealed } = await rowOf(AUTHENTICATOR, bob);
      const theirs = await openChallenge(service, bob);
      await expectShut(
        ada,
        () => sealed,
        BROKEN,
        () => bob.app.nextCode(),
      );
      service.events.length = 0;
      await tampered(
        AUTHENTICATOR,
        ada,
        () => sealed,
        async () => {
          expect((await verify(bob.app.nextCode(), theirs)).status).toBe(200);
        },
      );
      expect(alarms()).toEqual([]);
    });

    it('opens nothing when the secrets of two accounts are swapped', async () => {
      const [hers, his] = [await rowOf(AUTHENTICATOR, ada), await rowOf(AUTHENTICATOR, bob)];
      await tampered(
        AUTHENTICATOR,
        bob,
        () => hers.sealed,
        () =>
          expectShut(
            ada,
            () => his.sealed,
            BROKEN,
            () => ada.app.nextCode(),
          ),
      );
      service.events.length = 0;
      await tampered(
        AUTHENTICATOR,
        ada,
        () => his.sealed,
        () => expectShut(bob, () => hers.sealed, BROKEN),
      );
    });

    it('opens nothing when it belongs to an authenticator that was replaced', async () => {
      const carol = await enrol(service);
      const old = await rowOf(AUTHENTICATOR, carol);
      const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, carol.token);
      const [waiting] = await service.query<SealedRow>(
        `SELECT id, secret AS sealed FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NULL`,
        [carol.id],
      );
      const app = new AuthenticatorApp(staged.body.totpURI, service);
      // While the new one is staged, the two secrets of the account are swapped.
      await write(AUTHENTICATOR, { id: old.id, sealed: waiting?.sealed ?? '' });
      await write(AUTHENTICATOR, { id: waiting?.id ?? '', sealed: old.sealed });
      expectClosed(await verify(app.nextCode(), carol.token));
      expect(alarms()).toHaveLength(1);
      await write(AUTHENTICATOR, { id: waiting?.id ?? '', sealed: waiting?.sealed ?? '' });
      const confirmed = await verify(app.nextCode(), carol.token);
      // The unreadable secret does not prevent its own replacement.
      expect(confirmed.status).toBe(200);
      // The old secret, written back after the replacement, opens nothing.
      const lifted = { ...carol, app, token: confirmed.body.token };
      service.events.length = 0;
      await expectShut(
        lifted,
        () => old.sealed,
        BROKEN,
        () => carol.app.nextCode(),
      );
    });

    it('is not shown when it is unreadable', async () => {
      const { token } = await enrol(service).then((owner) => (ada = owner));
      for (const path of ['/two-factor/get-totp-uri', '/two-factor/get-totp-qr']) {
        service.events.length = 0;
        await tampered(
          AUTHENTICATOR,
          ada,
          (sealed) => flip(sealed, () => 12),
          async () => expectClosed(await caller.post(path, { password: PASSWORD }, token)),
        );
        expect(alarms().map(({ details }) => details)).toEqual([BROKEN]);
      }
    });

    it('answers a wrong code like a right one when it is unreadable, so that a client cannot tell them apart', async () => {
      await expectShut(
        ada,
        (sealed) => flip(sealed, () => 12),
        BROKEN,
        () => ada.app.wrongCode(),
      );
    });

    it('leaves the backup codes and a re-enrolment usable when it is unreadable', async () => {
      const dora = await enrol(service);
      const token = await openChallenge(service, dora);
      await tampered(
        AUTHENTICATOR,
        dora,
        (sealed) => flip(sealed, () => 12),
        async () => {
          expectClosed(await verify(dora.app.nextCode(), token));
          const [code] = dora.backupCodes;
          const signedIn = await caller.post('/two-factor/verify-backup-code', { code }, token);
          expect(signedIn.status).toBe(200);
          const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, signedIn.body.token);
          const app = new AuthenticatorApp(staged.body.totpURI, service);
          expect((await verify(app.nextCode(), signedIn.body.token)).status).toBe(200);
          // The replacement removed the tampered row, so there is nothing to restore.
        },
      );
    });
  });

  describe('a telephone number', () => {
    let eve: EnrolledOwner;

    beforeAll(async () => {
      eve = await enrol(service);
      const body = { password: PASSWORD, method: 'otp', phoneNumber: '+4915112345642' };
      expect((await caller.post('/two-factor/enable', body, eve.token)).status).toBe(200);
      expect((await caller.post('/two-factor/send-otp', { channel: 'sms' }, eve.token)).status).toBe(200);
      const { text } = await service.messages.textTo('+4915112345642');
      const code = /\d{6}/.exec(text)?.[0];
      const confirmed = await caller.post('/two-factor/verify-otp', { code }, eve.token);
      expect(confirmed.status).toBe(200);
      eve.token = confirmed.body.token;
    });

    const ALARM = { record: 'otp-method', reason: 'seal-broken', kid: 'k2' };

    it.each<[string, (sealed: string) => Promise<string>]>([
      ['one bit of it is flipped', async (sealed) => flip(sealed, () => 12)],
      ['the secret of the authenticator replaces it', async () => (await rowOf(AUTHENTICATOR, eve)).sealed],
    ])('receives no text message when %s', async (_, tamper) => {
      const token = await openChallenge(service, eve);
      const { sealed } = await rowOf(DESTINATION, eve);
      const other = await tamper(sealed);
      const sent = service.messages.sms.sent.length;
      await tampered(
        DESTINATION,
        eve,
        () => other,
        async () => {
          expectClosed(await caller.post('/two-factor/send-otp', { channel: 'sms' }, token));
          expectClosed(await caller.get('/two-factor/status', eve.token));
        },
      );
      expect(alarms().map(({ details }) => details)).toEqual([ALARM, ALARM]);
      const [codes] = await service.query(
        `SELECT FROM two_factor_one_time_code WHERE account_id = $1 AND challenge_id IS NOT NULL`,
        [eve.id],
      );
      expect(codes).toBeUndefined();
      expect(service.messages.sms.sent).toHaveLength(sent);
    });

    it('does not open as a secret', async () => {
      const { sealed } = await rowOf(DESTINATION, eve);
      await expectShut(eve, () => sealed, BROKEN);
    });
  });

  describe('a code that was sent', () => {
    it('is rejected and not sent again when its key is not in the ring', async () => {
      const owner = await enrol(service);
      const token = await openChallenge(service, owner);
      expect((await caller.post('/two-factor/send-otp', {}, token)).status).toBe(200);
      const code = await service.messages.codeMailedTo(owner.email);
      const setKid = (kid: string) =>
        intruder.query(`UPDATE two_factor_one_time_code SET kid = $2 WHERE account_id = $1`, [owner.id, kid]);
      await setKid('k3');
      expectClosed(await caller.post('/two-factor/verify-otp', { code }, token));
      expectClosed(await caller.post('/two-factor/send-otp', {}, token));
      const missing = { record: 'one-time-code', reason: 'key-missing', kid: 'k3' };
      expect(alarms().map(({ details }) => details)).toEqual([missing, missing]);
      // Another key of the ring derives a different code.
      await setKid('k1');
      expect((await caller.post('/two-factor/verify-otp', { code }, token)).status).toBe(401);
      await setKid('k2');
      expect((await caller.post('/two-factor/verify-otp', { code }, token)).status).toBe(200);
    });
  });

  describe('a queued message', () => {
    const content = {
      channel: 'mail',
      to: 'ada@example.com',
      facts: { topic: 'two-factor-enabled', issuer: 'Test' },
      language: 'en',
      discardAfter: Number.MAX_SAFE_INTEGER,
    } as const;

    it.each<[string, (payload: string, other: string) => string, unknown, Record<string, unknown>]>([
      ['it has the id of another message', exchangeIds, SealBrokenError, { reason: 'seal-broken', kid: 'k2' }],
      ['it is cut short', (payload) => payload.slice(0, -2), SealBrokenError, { reason: 'seal-broken' }],
      [
        'its key is not in the ring',
        (payload) => payload.replace('k2.', 'k3.'),
        UnknownKeyError,
        { reason: 'key-missing', kid: 'k3' },
      ],
    ])('is not sent when %s', async (_, tamper, error, details) => {
      const sealer = service.app.get(MessageSealer);
      const payload = tamper(sealer.seal(content), sealer.seal(content));
      await expect(deliver(payload)).rejects.toBeInstanceOf(error);
      expect(alarms()).toMatchObject([
        { name: 'two-factor.secret-unreadable', accountId: null, details: { record: 'message', ...details } },
      ]);
      expect(service.messages.mailsTo('ada@example.com')).toEqual([]);
    });
  });

  it('puts nothing of the secret into an alarm', async () => {
    const { sealed } = await rowOf(AUTHENTICATOR, ada);
    const broken = flip(sealed, () => 12);
    await expectShut(ada, () => broken, BROKEN);
    const told = JSON.stringify(service.events);
    expect(told).not.toContain(sealed.slice('k2.'.length));
    expect(told).not.toContain(broken.slice('k2.'.length));
  });
});
