import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Database, KeyRotation, TwoFactorService, type Transaction } from '../../src/two-factor/index.js';
import { race } from '../support/barrier.js';
import type { Caller } from '../support/client.js';
import { HardwareKeyFactor } from '../../examples/acme-bank/src/hardware-key/hardware-key.factor.js';
import { ACME_DATABASE } from './company/identity/employees.js';
import { VaultKeyRing } from './company/identity/vault-key-ring.js';
import { Acme, KeyHolder, PASSWORD, PLATFORMS, type AcmeBody, type Worker } from './support.js';

const TABLES = ['bank_hardware_key', 'bank_hardware_key_nonce'];
const WRONG = 'f'.repeat(64);

describe.each(PLATFORMS)('on %s, a factor that the company added', (_, adapter) => {
  let acme: Acme;
  let caller: Caller;
  beforeAll(async () => {
    acme = await Acme.start(adapter());
    caller = acme.caller();
  });
  afterAll(() => acme.close());

  const statusOf = async (bearer: string) =>
    (await caller.get<Record<string, unknown>>('/two-factor/status', bearer)).body;
  const payroll = async (bearer: string) => (await caller.get('/payroll', bearer)).status;
  const within = (work: (transaction: Transaction) => Promise<void>) => acme.get(Database).transaction(work);

  async function rowsOf({ id }: Worker): Promise<number[]> {
    const counts = TABLES.map((table) =>
      acme.query<{ rows: number }>(`SELECT count(*)::integer AS rows FROM ${table} WHERE account_id = $1`, [id]),
    );
    return (await Promise.all(counts)).map(([row]) => row?.rows ?? -1);
  }

  /** Creates an employee who has an authenticator app and additionally a hardware key. */
  async function hireWithBoth() {
    const enrolled = await acme.hireEnrolled();
    const holder = new KeyHolder(enrolled);
    await holder.replaceKey();
    return { enrolled, holder };
  }

  describe('at enrolment', () => {
    it('turns two-factor on as the only factor of an account, and issues backup codes', async () => {
      const holder = new KeyHolder(await acme.hire());
      const { key, backupCodes } = await holder.register();
      expect(backupCodes).toHaveLength(10);
      expect(await statusOf(holder.session)).toMatchObject({ enabled: false, methods: [], hardwareKey: null });
      const confirmed = await holder.prove(holder.session, {}, key);
      expect(confirmed).toMatchObject({ status: 200, body: { status: true, user: { twoFactorEnabled: true } } });
      expect(await acme.get(TwoFactorService).isEnabled(holder.id)).toBe(true);
      expect(await holder.login()).toMatch(/^tfc_/);
      const code = backupCodes?.[0];
      const { status } = await caller.post('/two-factor/verify-backup-code', { code }, await holder.login());
      expect(status).toBe(200);
    });

    it('is listed in the status, with the members that it adds', async () => {
      const { holder } = await hireWithBoth();
      expect(await statusOf(holder.session)).toMatchObject({
        enabled: true,
        methods: ['totp', 'hardware-key'],
        preferred: 'totp',
        backupCodesLeft: 10,
        hardwareKey: 'Blue',
        strong: true,
      });
    });

    it('requires the password and, once two-factor is on, a strong session', async () => {
      const holder = await acme.hireWithKey();
      const path = '/two-factor/hardware-key/register';
      const wrong = await caller.post(path, { password: 'wrong', label: 'Red' }, holder.session);
      expect(wrong).toMatchObject({ status: 400, body: { code: 'INVALID_PASSWORD' } });
      acme.clock.advance(2 * 86_400);
      const weak = await caller.post(path, { password: PASSWORD, label: 'Red' }, holder.session);
      acme.clock.advance(-2 * 86_400);
      expect(weak).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
    });

    it('is not confirmed by another session than the one that staged it', async () => {
      const first = new KeyHolder(await acme.hire());
      const other = await first.login();
      const { key } = await first.register();
      const refused = await caller.post('/two-factor/hardware-key/nonce', {}, other);
      expect(refused).toMatchObject({ status: 400, body: { code: 'HARDWARE_KEY_NOT_ENABLED' } });
      expect((await first.respond(other, WRONG)).body.code).toBe('HARDWARE_KEY_NONCE_EXPIRED');
      expect((await first.prove(first.session, {}, key)).status).toBe(200);

      const holder = await acme.hireWithKey();
      const strong = (await holder.prove(await holder.login())).body.token;
      const { key: staged } = await holder.register();
      const elsewhere = await holder.prove(strong, {}, staged);
      expect(elsewhere).toMatchObject({ status: 401, body: { code: 'INVALID_HARDWARE_KEY_RESPONSE' } });
      expect((await holder.prove(await holder.login(), {}, staged)).status).toBe(401);
      expect((await holder.prove(holder.session, {}, staged)).status).toBe(200);
    });

    it('stays off when the password was changed before it was confirmed', async () => {
      const holder = new KeyHolder(await acme.hire());
      const { key } = await holder.register();
      const response = key.respond(await holder.nonce(holder.session));
      await within((transaction) => acme.get(TwoFactorService).passwordChanged(holder.id, transaction));
      expect(await rowsOf(holder)).toEqual([0, 0]);
      expect((await holder.respond(holder.session, response)).body.code).toBe('HARDWARE_KEY_NONCE_EXPIRED');
      expect(await holder.login()).toMatch(/^acme_/);
    });
  });

  describe('at verification', () => {
    it('is listed in the challenge and completes the sign-in', async () => {
      const { holder } = await hireWithBoth();
      const login = await caller.post<AcmeBody>('/login', holder.credentials);
      expect(login.body.secondFactor).toEqual(['totp', 'hardware-key']);
      const verified = await holder.prove(login.body.challenge);
      expect(verified).toMatchObject({ status: 200, body: { status: true, user: { id: holder.id } } });
      expect(verified.headers.get('x-acme-desk')).toBe('42');
      expect(await payroll(verified.body.token)).toBe(200);
      expect((await holder.respond(login.body.challenge, WRONG)).body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
    });

    it('completes the sign-in of a browser and deletes its challenge cookie', async () => {
      const holder = await acme.hireWithKey();
      const browser = acme.browser();
      await browser.post('/login', holder.credentials);
      const { body } = await browser.post<{ nonce: string }>('/two-factor/hardware-key/nonce');
      const response = holder.key.respond(body.nonce);
      expect((await browser.post('/two-factor/hardware-key/verify', { response })).status).toBe(200);
      expect([...browser.cookies.keys()]).toEqual(['acme_session']);
    });

    it('lifts a weak session, as a step-up before a sensitive call', async () => {
      const holder = new KeyHolder(await acme.hire());
      const weak = await holder.login();
      await holder.replaceKey();
      expect(await payroll(weak)).toBe(403);
      const lifted = await holder.prove(weak);
      expect(lifted.status).toBe(200);
      expect(await payroll(lifted.body.token)).toBe(200);
      expect(await payroll(weak)).toBe(401);
    });

    it('trusts the device on request, which then signs in by the password alone', async () => {
      const holder = await acme.hireWithKey();
      const { body } = await holder.prove(await holder.login(), { trustDevice: true });
      const headers = { 'x-trusted-device': body.trustedDeviceToken };
      const unasked = await caller.post<{ session?: string }>('/login', holder.credentials, '', headers);
      expect(unasked.body.session).toMatch(/^acme_/);
    });

    it('is named in the security events', async () => {
      const holder = await acme.hireWithKey();
      const challenge = await holder.login();
      await holder.nonce(challenge);
      await holder.respond(challenge, WRONG);
      await holder.prove(challenge);
      const told = acme.eventsOf(holder).map(({ name, details }) => [name, details?.['factor']]);
      expect(told).toEqual([
        ['two-factor.enabled', undefined],
        ['two-factor.verified', 'hardware-key'],
        ['two-factor.challenged', undefined],
        ['two-factor.verification-failed', 'hardware-key'],
        ['two-factor.verified', 'hardware-key'],
      ]);
    });

    it('returns 401 for a dead challenge before it returns 400 for a bad body', async () => {
      const dead = `tfc_${'A'.repeat(43)}`;
      for (const path of ['nonce', 'verify']) {
        const answer = await caller.post(`/two-factor/hardware-key/${path}`, {}, dead);
        expect(answer).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } });
      }
    });
  });

  describe('with a nonce', () => {
    it('lets one of 20 parallel requests with one response complete a challenge', async () => {
      const holder = await acme.hireWithKey();
      const challenge = await holder.login();
      const response = holder.key.respond(await holder.nonce(challenge));
      const answers = await race(20, async () => (await holder.respond(challenge, response)).status);
      expect(answers.filter((status) => status === 200)).toHaveLength(1);
    });

    it('lets one of 20 parallel requests with one response lift a session', async () => {
      const holder = await acme.hireWithKey();
      const response = holder.key.respond(await holder.nonce(holder.session));
      const answers = await race(20, async () => (await holder.respond(holder.session, response)).status);
      expect(answers.filter((status) => status === 200)).toHaveLength(1);
      expect(await rowsOf(holder)).toEqual([1, 0]);
    });

    it('lets one of 20 parallel requests with one response confirm the staged key', async () => {
      const holder = new KeyHolder(await acme.hire());
      const { key } = await holder.register();
      const response = key.respond(await holder.nonce(holder.session));
      const answers = await race(20, async () => (await holder.respond(holder.session, response)).status);
      expect(answers.filter((status) => status === 200)).toHaveLength(1);
      expect(acme.history(holder).filter((name) => name === 'two-factor.enabled')).toHaveLength(1);
    });

    it('refuses a response again on the session that it lifted', async () => {
      const holder = await acme.hireWithKey();
      const response = holder.key.respond(await holder.nonce(holder.session));
      const lifted = await holder.respond(holder.session, response);
      expect(lifted.status).toBe(200);
      const again = await holder.respond(lifted.body.token, response);
      expect(again).toMatchObject({ status: 400, body: { code: 'HARDWARE_KEY_NONCE_EXPIRED' } });
    });

    it('refuses the response to the nonce of one challenge on another challenge and on a session', async () => {
      const holder = await acme.hireWithKey();
      const [one, other] = [await holder.login(), await holder.login()];
      const response = holder.key.respond(await holder.nonce(one));
      for (const bearer of [other, holder.session]) {
        expect((await holder.respond(bearer, response)).body.code).toBe('HARDWARE_KEY_NONCE_EXPIRED');
        await holder.nonce(bearer);
        expect((await holder.respond(bearer, response)).body.code).toBe('INVALID_HARDWARE_KEY_RESPONSE');
      }
      expect((await holder.respond(one, response)).status).toBe(200);
    });

    it('refuses a nonce that a newer one replaced', async () => {
      const holder = await acme.hireWithKey();
      const challenge = await holder.login();
      const response = holder.key.respond(await holder.nonce(challenge));
      await holder.nonce(challenge);
      expect((await holder.respond(challenge, response)).body.code).toBe('INVALID_HARDWARE_KEY_RESPONSE');
    });

    it('refuses a nonce after five minutes, and counts no guess', async () => {
      const holder = await acme.hireWithKey();
      const challenge = await holder.login();
      const response = holder.key.respond(await holder.nonce(challenge));
      const [row] = await acme.query<{ life: number }>(
        `SELECT extract(epoch FROM expires_at - now())::float8 AS life FROM bank_hardware_key_nonce WHERE account_id = $1`,
        [holder.id],
      );
      expect(row?.life).toBeLessThanOrEqual(300);
      await acme.query(`UPDATE bank_hardware_key_nonce SET expires_at = now() WHERE account_id = $1`, [holder.id]);
      for (let n = 0; n < 6; n++) {
        expect((await holder.respond(challenge, response)).body.code).toBe('HARDWARE_KEY_NONCE_EXPIRED');
      }
      expect((await holder.prove(challenge)).status).toBe(200);
    });
  });

  describe('with the budgets of all factors', () => {
    it('ends a challenge after five wrong responses and locks the account after five more wrong codes', async () => {
      const { enrolled, holder } = await hireWithBoth();
      const challenge = await holder.login();
      const nonce = await holder.nonce(challenge);
      for (let n = 0; n < 5; n++) {
        expect((await holder.respond(challenge, WRONG)).body.code).toBe('INVALID_HARDWARE_KEY_RESPONSE');
      }
      const right = holder.key.respond(nonce);
      expect((await holder.respond(challenge, right)).body.code).toBe('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
      expect((await holder.respond(challenge, right)).body.code).toBe('INVALID_TWO_FACTOR_COOKIE');

      const next = await holder.login();
      const wrong = enrolled.app.wrongCode();
      for (let n = 0; n < 5; n++) expect((await enrolled.verify(next, wrong)).body.code).toBe('INVALID_CODE');
      const locked = await holder.prove(await holder.login());
      expect(locked).toMatchObject({ status: 429, body: { code: 'ACCOUNT_TEMPORARILY_LOCKED' } });
      expect(locked.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(acme.history(holder)).toContain('two-factor.locked');
    });

    it('resets the failures with a right response', async () => {
      const { enrolled, holder } = await hireWithBoth();
      const challenge = await holder.login();
      await enrolled.verify(challenge, enrolled.app.wrongCode());
      expect((await holder.prove(challenge)).status).toBe(200);
      const counters = await acme.query('SELECT failures FROM two_factor_attempts WHERE account_id = $1', [holder.id]);
      expect(counters).toEqual([{ failures: 0 }]);
    });
  });

  describe('at replacement', () => {
    it('revokes trusted devices, burns open challenges and ends the other sessions', async () => {
      const holder = await acme.hireWithKey();
      const trusted = await holder.prove(await holder.login(), { trustDevice: true });
      const challenge = await holder.login();
      const old = { key: holder.key, response: holder.key.respond(await holder.nonce(challenge)) };
      await holder.replaceKey();

      expect(await payroll(trusted.body.token)).toBe(401);
      expect(await payroll(holder.session)).toBe(200);
      const headers = { 'x-trusted-device': trusted.body.trustedDeviceToken };
      const asked = await caller.post<AcmeBody>('/login', holder.credentials, '', headers);
      expect(asked.body.secondFactor).toEqual(['hardware-key']);
      expect((await holder.respond(challenge, old.response)).body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
      expect((await holder.prove(asked.body.challenge, {}, old.key)).status).toBe(401);
      expect((await holder.prove(asked.body.challenge)).status).toBe(200);
      expect(await rowsOf(holder)).toEqual([1, 0]);
    });

    it('leaves the authenticator app of the account unchanged', async () => {
      const { enrolled, holder } = await hireWithBoth();
      await holder.replaceKey();
      expect((await enrolled.verify(await holder.login())).status).toBe(200);
    });
  });

  it.each([
    [
      'is disabled by its owner',
      async (holder: KeyHolder) => {
        await caller.post('/two-factor/disable', { password: PASSWORD }, holder.session);
      },
    ],
    [
      'is forgotten with the account',
      (holder: KeyHolder) => within((transaction) => acme.get(TwoFactorService).forget(holder.id, transaction)),
    ],
    ['is reset by an operator', (holder: KeyHolder) => acme.get(TwoFactorService).reset(holder.id)],
  ])('leaves no row behind when it %s', async (__, end) => {
    const holder = await acme.hireWithKey();
    await holder.register();
    await holder.nonce(holder.session);
    await holder.nonce(await holder.login());
    expect(await rowsOf(holder)).toEqual([2, 2]);
    await end(holder);
    expect(await rowsOf(holder)).toEqual([0, 0]);
    expect(await acme.get(TwoFactorService).isEnabled(holder.id)).toBe(false);
    expect(await holder.login()).toMatch(/^acme_/);
  });

  it('has its secrets counted and sealed again by a rotation of keys', async () => {
    const rotation = acme.get(KeyRotation);
    const ring = acme.get(VaultKeyRing);
    const under = async (kid: string) => (await rotation.status()).find((key) => key.kid === kid)?.rows['hardware-key'];
    const putFirst = (kid: string) => Object.assign(ring, { current: kid });
    // 2025 was the current key before.
    putFirst('2025');
    await rotation.rotate();
    const holder = await acme.hireWithKey();
    expect(await under('2025')).toBeGreaterThan(0);

    putFirst('2026');
    expect(await rotation.retire('2025', { now: true })).toBe('rows-left');
    expect(await rotation.rotate()).toMatchObject({ unreadable: [], left: 0 });
    expect(await under('2025')).toBe(0);
    expect(await under('2026')).toBeGreaterThan(0);
    const rows = await acme.query('SELECT kid, secret FROM bank_hardware_key WHERE account_id = $1', [holder.id]);
    expect(rows).toEqual([{ kid: '2026', secret: expect.stringMatching(/^2026\./) }]);
    expect((await holder.prove(await holder.login())).status).toBe(200);
  });

  it('raises an alarm and returns 500 for a secret that cannot be opened, never an error about the response', async () => {
    const [holder, other] = [await acme.hireWithKey(), await acme.hireWithKey()];
    await acme.query(
      `UPDATE bank_hardware_key SET secret = (SELECT secret FROM bank_hardware_key WHERE account_id = $2) WHERE account_id = $1`,
      [holder.id, other.id],
    );
    expect((await holder.prove(await holder.login())).status).toBe(500);
    expect(acme.history(holder)).toContain('two-factor.secret-unreadable');
  });

  it('opens no session on a challenge with a staged key, even when its candidates contain that key', async () => {
    const holder = await acme.hireWithKey();
    const factor = acme.get(HardwareKeyFactor);
    const match = factor.match.bind(factor);
    factor.match = (response, context) => {
      const right = match(response, context);
      return right && { ...right, confirms: String(right.values['keyId']) };
    };
    const challenge = await holder.login();
    const refused = await holder.prove(challenge);
    Reflect.deleteProperty(factor, 'match');
    expect(refused.status).toBe(500);
    expect(acme.history(holder).at(-1)).toBe('two-factor.challenged');
    expect((await holder.prove(challenge)).status).toBe(200);
  });

  it('is described in the OpenAPI document: routes, errors, and the enums and members of the status', async () => {
    const { paths, components } = acme.document();
    for (const route of ['register', 'nonce', 'verify']) {
      const operation = paths[`/two-factor/hardware-key/${route}`]?.post;
      expect(operation?.security).toEqual([{ bearerAuth: [] }]);
      expect(operation?.responses).toHaveProperty('200');
    }
    const schemas = JSON.parse(JSON.stringify(components?.schemas)) as Record<string, { properties: object }>;
    const methods = ['passkey', 'totp', 'otp', 'hardware-key'];
    expect(schemas['TwoFactorStatusResponse']?.properties).toMatchObject({
      methods: { items: { enum: methods } },
      preferred: { enum: methods },
      hardwareKey: { type: 'string', nullable: true },
    });
    expect(Object.keys(schemas['ResponseRequest']?.properties ?? {}).toSorted()).toEqual(['response', 'trustDevice']);
    expect(schemas['ErrorResponse']?.properties).toMatchObject({
      code: { enum: expect.arrayContaining(['INVALID_HARDWARE_KEY_RESPONSE', 'HARDWARE_KEY_NOT_ENABLED']) },
    });
    expect(schemas['EnableRequest']?.properties).toMatchObject({ method: { enum: ['totp', 'otp', null] } });
  });

  it('has the tables that its entities describe, beside those of the library', async () => {
    const dataSource = acme.get<DataSource>(getDataSourceToken(ACME_DATABASE) as never);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    expect(dataSource.entityMetadatas.map(({ tableName }) => tableName)).toEqual(expect.arrayContaining(TABLES));
  });
});
