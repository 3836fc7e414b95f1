import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Acme, PASSWORD, PLATFORMS } from './support.js';

describe.each(PLATFORMS)('a host on %s whose database fails with a conflict', (_, adapter) => {
  let acme: Acme;
  beforeAll(async () => {
    acme = await Acme.start(adapter());
    // The error that Postgres raises when two transactions conflict.
    await acme.query(`CREATE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'clash' USING ERRCODE = 'serialization_failure'; END $$`);
  });
  afterAll(() => acme.close());

  it.each([
    ['at a route of the library', 'two_factor_authenticator'],
    ['at a route of its own', 'two_factor_challenge'],
  ])('returns 503 %s, and works again afterwards', async (where, table) => {
    const worker = await acme.hireEnrolled();
    await acme.query(`CREATE TRIGGER clash BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION clash()`);
    const ask = () =>
      where.endsWith('library')
        ? acme.caller().post('/two-factor/enable', { password: PASSWORD }, worker.session)
        : acme.caller().post('/login', { username: worker.username, password: PASSWORD });
    const { status, headers, body } = await ask();
    await acme.query(`DROP TRIGGER clash ON ${table}`);
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect((await ask()).status).toBeLessThan(300);
  });
});
