import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { DataSource } from 'typeorm';
import { KeyRotation, TwoFactorService } from '../../src/two-factor/index.js';
import { ACME_DATABASE } from './company/identity/employees.js';
import { Acme, PASSWORD, type EnrolledWorker } from './support.js';

describe.each([
  ['in a schema of the host', { schema: 'bank' }, 'bank', ''],
  ['with a prefix of the host', { entityPrefix: 'mfa_' }, 'public', 'mfa_'],
  ['in a schema and with a prefix', { schema: 'bank', entityPrefix: 'Mfa_' }, 'bank', 'Mfa_'],
] as const)('the tables of the library, %s', (_, placement, schema, prefix) => {
  let acme: Acme;
  let worker: EnrolledWorker;

  beforeAll(async () => {
    acme = await Acme.start(new ExpressAdapter(), undefined, undefined, { placement });
    worker = await acme.hireEnrolled();
  });
  afterAll(() => acme.close());

  it('are where the data source says, and nowhere else', async () => {
    const tables = await acme.query<{ place: string }>(
      `SELECT schemaname || '.' || tablename AS place FROM pg_tables WHERE tablename ~ 'two_factor_' ORDER BY 1`,
    );
    expect(tables).toHaveLength(15);
    for (const { place } of tables) expect(place.startsWith(`${schema}.${prefix}two_factor_`)).toBe(true);
  });

  it('are what the entities describe, so that the CLI of TypeORM finds nothing to change', async () => {
    const dataSource = acme.get<DataSource>(getDataSourceToken(ACME_DATABASE) as never);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    const statements = upQueries.map(({ query }) => query).filter((query) => !query.includes('bank_hardware_key'));
    expect(statements).toEqual([]);
  });

  it('serve the whole life of an account', async () => {
    const caller = acme.caller();
    const trusting = { code: worker.app.nextCode(), trustDevice: true };
    const verified = await caller.post('/two-factor/verify-totp', trusting, await worker.login());
    expect(verified.status).toBe(200);
    expect((await caller.get('/two-factor/trusted-devices', verified.body.token)).status).toBe(200);
    const [code] = worker.backupCodes;
    const redeemed = await caller.post('/two-factor/verify-backup-code', { code }, await worker.login());
    expect(redeemed.status).toBe(200);
    const session = redeemed.body.token;
    const renewed = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, session);
    expect(renewed.status).toBe(200);
    for (let n = 0; n < 10; n++) await worker.verify(session, '000000');
    expect((await caller.get('/two-factor/status', session)).body).toMatchObject({ locked: true });
    const service = acme.get(TwoFactorService);
    await service.unlock(worker.id);
    expect(await acme.get(KeyRotation).rotate()).toMatchObject({ left: 0 });
    expect((await caller.post('/two-factor/disable', { password: PASSWORD }, session)).status).toBe(200);
    await service.reset(worker.id);
    expect(await service.isEnabled(worker.id)).toBe(false);
  });
});
