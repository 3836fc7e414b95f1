import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { retireKey, showStatus } from '../../src/keys/rotation-commands.js';
import { Database, HkdfKeyRing, keyRotation, KeyRotation, type RingKey } from '../../src/two-factor/index.js';
import { KeyRingMonitor } from '../../src/two-factor/keys/key-ring-monitor.js';
import { AesGcmSealer } from '../../src/two-factor/keys/sealer.js';
import { SEALED_AUTHENTICATORS } from '../../src/two-factor/factors/totp/totp.sql.js';
import { race } from '../support/barrier.js';
import { ensureBuilt } from '../support/build.js';
import { Caller, enrol, openChallenge, PASSWORD, signUp, type EnrolledOwner } from '../support/client.js';
import { startTestService, type TestService, type TestServiceOptions } from '../support/service.js';

const key = (kid: string): RingKey & { readonly secret: Buffer } => ({ kid, secret: randomBytes(32) });
const [K1, K2, K3] = [key('k1'), key('k2'), key('k3')];

const ring = (...keys: ReadonlyArray<typeof K1>) =>
  keys.map(({ kid, secret }) => `${kid}:${secret.toString('base64')}`).join(',');

/** Runs the built `npm run keys`, as an operator does. */
function keysCommand(service: TestService, keys: string, ...words: string[]) {
  const child = spawn(process.execPath, [resolve('dist/keys.js'), ...words], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', DATABASE_URL: service.databaseUrl, TWO_FACTOR_KEYS: keys },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, output }));
  return { child, ended, firstLine: once(createInterface(child.stdout), 'line').then(String) };
}

/** Inserts the sealed rows of accounts that only the rotation uses. */
async function insertAuthenticators(service: TestService, sealer: AesGcmSealer, count: number): Promise<void> {
  const rows = Array.from({ length: count }, () => {
    const [id, accountId] = [randomUUID(), randomUUID()];
    const secret = sealer.seal(randomBytes(20), SEALED_AUTHENTICATORS.record(accountId, id));
    return { id, account_id: accountId, secret };
  });
  await service.query(
    `INSERT INTO two_factor_authenticator (id, account_id, secret, kid, issuer, label, confirmed_at)
     SELECT id, account_id, secret, split_part(secret, '.', 1), 'Test', 'somebody', now()
     FROM json_to_recordset($1) AS r (id uuid, account_id text, secret text)`,
    [JSON.stringify(rows)],
  );
}

async function rowsByKey(service: TestService): Promise<Record<string, number>> {
  const rows = await service.query<{ kid: string; rows: number }>(
    `SELECT kid, count(*)::integer AS rows FROM (
       SELECT split_part(secret, '.', 1) AS kid FROM two_factor_authenticator
       UNION ALL SELECT split_part(destination, '.', 1) FROM two_factor_otp_method WHERE destination IS NOT NULL
     ) sealed GROUP BY kid ORDER BY kid`,
  );
  return Object.fromEntries(rows.map(({ kid, rows: count }) => [kid, count]));
}

/** @returns why the service does not start; a service that does start is closed again */
async function refusalOf(options: TestServiceOptions): Promise<string> {
  try {
    const service = await startTestService(options);
    await service.close();
    return 'It started';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Dates the last use of the key as the current one back by an interval. */
async function age(service: TestService, kid: string, interval: string): Promise<void> {
  await service.query(`UPDATE two_factor_key SET last_current_at = now() - $2::interval WHERE kid = $1`, [
    kid,
    interval,
  ]);
}

describe('control 34: keys that change while services run', () => {
  let muted: Array<{ mockRestore(): void }>;
  beforeEach(() => {
    muted = (['log', 'error'] as const).map((name) => jest.spyOn(console, name).mockReturnValue());
  });
  afterEach(() => {
    for (const spy of muted) spy.mockRestore();
  });

  describe('during one roll-out from the old key to the new one', () => {
    /** Replicas of a rolling deployment: one still seals with k1, one with k2, and both open both. */
    let older: TestService;
    let newer: TestService;
    let owners: EnrolledOwner[];

    beforeAll(async () => {
      await ensureBuilt();
      older = await startTestService({ config: { keys: [K1, K2] } });
      newer = await startTestService({ replicaOf: older, config: { keys: [K2, K1] } });
      owners = [await enrol(older), await enrol(older), await enrol(older), await enrol(newer)];
    }, 120_000);
    afterAll(async () => {
      await newer.close();
      await older.close();
    });

    /** Signs every account in once, on either replica. */
    async function everybodySignsIn(services = [older, newer]): Promise<number[]> {
      older.clock.advance(30);
      return race(owners.length, async (index) => {
        const owner = owners[index];
        const service = services[index % services.length];
        if (!owner || !service) return 0;
        const token = await openChallenge(service, owner);
        const other = services[(index + 1) % services.length] ?? service;
        return (await new Caller(other).post('/two-factor/verify-totp', { code: owner.app.code() }, token)).status;
      });
    }

    /** @returns the statuses of all sign-ins while `work` runs, and the result of `work` */
    async function whileEverybodySignsIn<T>(work: Promise<T>): Promise<{ result: T; statuses: number[] }> {
      const statuses: number[] = [];
      const ended = new AbortController();
      const settled = work.finally(() => ended.abort());
      do {
        statuses.push(...(await everybodySignsIn()));
        // Continuously, but not on every core, because each sign-in is a bcrypt.
        await sleep(150);
      } while (!ended.signal.aborted);
      return { result: await settled, statuses };
    }

    it('let each replica open what the other one sealed', async () => {
      expect(await rowsByKey(older)).toEqual({ k1: 3, k2: 1 });
      expect(await everybodySignsIn()).toEqual([200, 200, 200, 200]);
    });

    it('leave every row readable when a rotation is killed, and the next rotation continues', async () => {
      await insertAuthenticators(older, older.app.get(AesGcmSealer), 600);
      const { child, ended, firstLine } = keysCommand(newer, ring(K2, K1), 'rotate', '--batch-size', '1');
      const killed = firstLine.then((line) => {
        child.kill('SIGKILL');
        return line;
      });
      const first = await whileEverybodySignsIn(killed.then(() => ended));
      expect(await killed).toMatch(/^\d+ of 603 rows \(0 %\), \d+ a second$/);
      expect(new Set(first.statuses)).toEqual(new Set([200]));
      const { k1 = 0, k2 = 0 } = await rowsByKey(older);
      expect(k1 + k2).toBe(604);
      expect(k1).toBeGreaterThan(0);
      expect(k2).toBeGreaterThan(1);

      // Two rotations at the same time do not block each other.
      const twice = Promise.all([
        keysCommand(newer, ring(K2, K1), 'rotate').ended,
        newer.app.get(KeyRotation).rotate({ batchSize: 40 }),
      ]);
      const second = await whileEverybodySignsIn(twice);
      expect(new Set(second.statuses)).toEqual(new Set([200]));
      expect(second.result[0]).toMatchObject({ code: 0, output: expect.stringContaining('Sealed anew: ') });
      expect(second.result[1]).toMatchObject({ left: 0, unreadable: [] });
      expect(await rowsByKey(older)).toEqual({ k2: 604 });

      const sealer = newer.app.get(AesGcmSealer);
      const rows = await newer.query<{ id: string; accountId: string; secret: string }>(
        `SELECT id, account_id AS "accountId", secret FROM two_factor_authenticator`,
      );
      for (const { id, accountId, secret } of rows) {
        expect(sealer.open(secret, SEALED_AUTHENTICATORS.record(accountId, id))).toHaveLength(20);
      }
    }, 60_000);

    it('report a row that cannot be opened, and complete the rotation of all others', async () => {
      await insertAuthenticators(older, older.app.get(AesGcmSealer), 20);
      const [broken] = await older.query<{ id: string; secret: string }>(
        `UPDATE two_factor_authenticator SET secret = 'k1.' || repeat('A', 64)
         WHERE id = (SELECT id FROM two_factor_authenticator WHERE kid = 'k1' ORDER BY id OFFSET 5 LIMIT 1)
         RETURNING id, secret`,
      );
      const { code, output } = await keysCommand(newer, ring(K2, K1), 'rotate', '--batch-size', '4').ended;
      expect(code).toBe(1);
      expect(output).toContain(`Cannot be opened, stays as it is: two_factor_authenticator ${broken?.id}\n`);
      expect(output).toContain('Sealed anew: 19 of 20 rows\n');
      expect(output).not.toContain('AAAA');
      expect(await rowsByKey(older)).toEqual({ k1: 1, k2: 623 });
      await older.query(`DELETE FROM two_factor_authenticator WHERE kid = 'k1'`);
    });

    it('lose no row when a rotation is stopped, and a rotation that meets a locked row waits without holding locks', async () => {
      await insertAuthenticators(older, older.app.get(AesGcmSealer), 30);
      const keys = newer.app.get(KeyRotation);
      const stop = new AbortController();
      const stopped = await keys.rotate({ batchSize: 10, signal: stop.signal, onProgress: () => stop.abort() });
      expect(stopped).toEqual({ done: 10, total: 30, unreadable: [], left: 20 });

      const holder = new Client({ connectionString: newer.databaseUrl });
      await holder.connect();
      await holder.query('BEGIN');
      await holder.query(`SELECT FROM two_factor_authenticator WHERE kid = 'k1' ORDER BY id LIMIT 1 FOR UPDATE`);
      let others!: () => void;
      const allButOne = new Promise<void>((fulfil) => {
        others = fulfil;
      });
      const rotation = keys.rotate({ onProgress: ({ done }) => done === 19 && others() });
      await allButOne;
      const waits = Promise.race([rotation, sleep(300, 'still at it')]);
      expect(await waits).toBe('still at it');
      await holder.query('COMMIT');
      expect(await rotation).toEqual({ done: 20, total: 20, unreadable: [], left: 0 });
      await holder.end();
    });

    it('keep the result of a confirmation, replacement or disabling during the rotation', async () => {
      const [row] = await newer.query<{ id: string; accountId: string; secret: string }>(
        `SELECT id, account_id AS "accountId", secret FROM two_factor_authenticator WHERE account_id = $1`,
        [owners[0]?.id],
      );
      const { id = '', accountId = '', secret = '' } = row ?? {};
      const sealer = older.app.get(AesGcmSealer);
      const names = SEALED_AUTHENTICATORS.record(accountId, id);
      const [was, sealed] = [sealer.seal(randomBytes(20), names), sealer.seal(randomBytes(20), names)];
      const values = { ids: [id], was: [was], sealed: [sealed] };
      // The row is read before and replaced afterwards, so it is another row then.
      expect(await newer.app.get(Database).query(SEALED_AUTHENTICATORS.replace, values)).toEqual([]);
      expect(await newer.query(`SELECT secret FROM two_factor_authenticator WHERE id = $1`, [id])).toEqual([
        { secret },
      ]);
    });

    it('refuse to retire the old key while rows, codes or messages may need it', async () => {
      const keys = newer.app.get(KeyRotation);
      const late = await enrol(older);
      owners.push(late);
      expect(await keys.retire('k1')).toBe('rows-left');
      // Direct SQL cannot retire it either: Postgres enforces the reference.
      await age(older, 'k1', '2 days');
      const blind = older.query(`UPDATE two_factor_key SET retired_at = now(), live_kid = NULL WHERE kid = 'k1'`);
      await expect(blind).rejects.toThrow('two_factor_authenticator_kid_fkey');
      expect(await keys.rotate()).toMatchObject({ done: 1, left: 0 });

      await older.app.get(KeyRingMonitor).check();
      expect(await retireKey(keys, { kid: 'k1', now: false })).toBe(1);
      expect(await keys.retire('k1')).toBe('messages-left');
      await age(older, 'k1', '24 hours');
      expect(await keys.retire('k1')).toBe('messages-left');
      expect(await keys.retire('k2')).toBe('current');
      expect(await keys.retire('k9')).toBe('unknown');

      await age(older, 'k1', '2 days');
      await older.query(
        `INSERT INTO two_factor_one_time_code (id, account_id, binding, channel, kid, nonce, expires_at)
         VALUES ($1, 'somebody', 'session:x', 'mail', 'k1', '', now() + interval '1 minute')`,
        [randomUUID()],
      );
      expect(await keys.retire('k1')).toBe('codes-left');
      await older.query(`UPDATE two_factor_one_time_code SET expires_at = now()`);
    });

    it('allow the old key to be retired once nothing needs it', async () => {
      const { code, output } = await keysCommand(newer, ring(K2, K1), 'retire', 'k1').ended;
      expect({ code, output }).toEqual({ code: 0, output: 'k1 is retired: take it out of TWO_FACTOR_KEYS\n' });
      expect(await newer.app.get(KeyRotation).retire('k1')).toBe('retired');
    });

    it('keep a replica from sealing with the retired key, and the replica reports it', async () => {
      const owner = await signUp(newer);
      const enable = (service: TestService) =>
        new Caller(service).post('/two-factor/enable', { password: PASSWORD }, owner.token);
      const logged = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
      const shown = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
      try {
        expect((await enable(older)).status).toBe(500);
        await older.app.get(KeyRingMonitor).check();
        const lines = [...logged.mock.calls, ...shown.mock.calls].map(([text]) => String(text)).join('');
        expect(lines).toContain('was retired and must not seal again');
      } finally {
        logged.mockRestore();
        shown.mockRestore();
      }
      expect(await rowsByKey(newer)).toEqual({ k2: 604 + 19 + 30 + 1 });
      expect((await enable(newer)).status).toBe(200);
      // It still opens what other replicas sealed.
      expect(new Set(await everybodySignsIn())).toEqual(new Set([200]));
    });

    it('refuse a start with the retired key in front; with the new key alone the service starts and every account signs in', async () => {
      const refused = await refusalOf({ replicaOf: newer, config: { keys: [K1, K2] } });
      expect(refused).toContain('was retired and must not seal again');
      const alone = await startTestService({ replicaOf: newer, config: { keys: [K2] } });
      try {
        expect(new Set(await everybodySignsIn([alone]))).toEqual(new Set([200]));
        expect(await showStatus(alone.app.get(KeyRotation))).toBe(0);
      } finally {
        await alone.close();
      }
    });
  });

  describe('at a start', () => {
    let service: TestService;
    beforeAll(async () => {
      service = await startTestService({ config: { keys: [K1] } });
      await enrol(service);
    });
    afterAll(async () => {
      await service.close();
    });

    const refusal = (...keys: Array<typeof K1>) => refusalOf({ replicaOf: service, config: { keys } });

    it('refuse a ring without a key that rows need, name it, and leave no trace', async () => {
      expect(await refusal(K2)).toBe('The key ring lacks key "k1", which stored secrets need');
      expect(await service.query(`SELECT kid FROM two_factor_key`)).toEqual([{ kid: 'k1' }]);
    });

    it('refuse another key of the same name, and name it', async () => {
      const changed = { kid: 'k1', secret: randomBytes(32) };
      expect(await refusal(changed)).toContain('Key "k1" of the key ring is not the key of that name');
      expect(await refusal(K3, changed)).toContain('Key "k1" of the key ring is not the key of that name');
      expect(await service.query(`SELECT kid FROM two_factor_key`)).toEqual([{ kid: 'k1' }]);
    });

    it.each([
      ['a missing key', [K2], 1],
      ['a changed key', [{ kid: 'k1', secret: randomBytes(32) }], 1],
      ['the right key', [K1], 0],
      ['the right key behind a new one', [K2, K1], 0],
    ])('predict by status whether a start would succeed, with %s', async (_, keys, code) => {
      const options = dataSourceOptions(service.databaseUrl, { poolSize: 1 });
      const dataSource = await new DataSource({ ...options, entities: [] }).initialize();
      try {
        expect(await showStatus(keyRotation(new Database(dataSource), new HkdfKeyRing(keys)))).toBe(code);
      } finally {
        await dataSource.destroy();
      }
    });

    it('refuse to rotate with a ring that opens no row', async () => {
      const database = service.app.get(Database);
      const foreign = new HkdfKeyRing([K2]);
      const keys = keyRotation(database, foreign);
      await expect(keys.rotate()).rejects.toThrow('The key ring lacks key "k1"');
    });

    it('allow a leaked key to be retired at once, but only after its rows are sealed again', async () => {
      const rotated = await startTestService({ replicaOf: service, config: { keys: [K2, K1] } });
      try {
        const keys = rotated.app.get(KeyRotation);
        expect(await retireKey(keys, { kid: 'k1', now: true })).toBe(1);
        expect(await keys.rotate()).toMatchObject({ left: 0 });
        expect(await keys.retire('k1')).toBe('messages-left');
        expect(await retireKey(keys, { kid: 'k1', now: true })).toBe(0);
        expect(await refusalOf({ replicaOf: service, config: { keys: [K2] } })).toBe('It started');
      } finally {
        await rotated.close();
      }
    });
  });
});
