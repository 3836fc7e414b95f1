import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { FakeClock } from '../../src/two-factor/testing/fake-clock.js';
import { ensureBuilt } from '../support/build.js';
import { AuthenticatorApp, Caller, PASSWORD } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

const run = promisify(execFile);
const ring = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`;

describe('a service whose key file is lost', () => {
  let folder: string;
  let database: TestDatabase;
  let services: ServiceProcess[] = [];

  const start = async (env: Record<string, string> = {}): Promise<ServiceProcess> => {
    const service = await startProcess(folder, { DATA_DIR: folder, BCRYPT_COST: '10', ...env });
    services.push(service);
    return service;
  };

  beforeAll(() => ensureBuilt(), 120_000);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-lost-'));
    await chmod(folder, 0o711);
    database = await createTestDatabase({ migrated: false });
  });
  afterEach(async () => {
    for (const { child } of services) child.kill('SIGTERM');
    await Promise.all(services.map(({ ended }) => ended));
    services = [];
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is refused with the remedies, and creates no new key file, on an embedded database', async () => {
    const first = await start();
    await first.started;
    await stop(first);
    await rm(join(folder, 'two-factor.keys'));

    const { code, stderr } = await (await start()).ended;
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 1, lines: 2 });
    expect(stderr).toContain(`${folder}/two-factor.keys is gone`);
    expect(stderr).toContain('restore');
    expect(stderr).toContain('set TWO_FACTOR_KEYS to what it held');
    expect(stderr).toContain('authenticator secrets and telephone numbers that it sealed are lost');
    expect(stderr).toContain(`remove ${folder} to begin anew`);
    expect(await readdir(folder)).not.toContain('two-factor.keys');
  });

  it('is refused with the remedies when the file has other keys, too', async () => {
    const env = { DATABASE_URL: database.url };
    const first = await start(env);
    await first.started;
    await stop(first);

    await writeFile(join(folder, 'two-factor.keys'), `${ring('dev')}\n`);
    const changed = await (await start(env)).ended;
    expect(changed.stderr).toMatch(
      /^Key "dev" of the key ring is not the key .* restore .*two-factor\.keys from a backup/,
    );
    const missing = await (await start({ ...env, TWO_FACTOR_KEYS: ring('k2') })).ended;
    expect(missing.stderr).toMatch(
      /^The key ring lacks key "dev".*: put the key back into TWO_FACTOR_KEYS from a backup/,
    );
  });

  it('starts again, with its accounts, after the commands of docs/operate.md', async () => {
    const env = { DATABASE_URL: database.url };
    const first = await start(env);
    await first.started;
    const email = 'ada@example.com';
    const backupCodes = await enrol(new Caller({ url: `http://127.0.0.1:${first.port}/api/auth` }), email);
    await stop(first);
    await rm(join(folder, 'two-factor.keys'));
    expect((await (await start(env)).ended).stderr).toContain('two-factor.keys is gone');

    const document = await readFile('docs/operate.md', 'utf8');
    const [, sql = ''] = /^### A lost key\n[^]*?^```sql\n([^]*?)^```$/m.exec(document) ?? [];
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(sql.replaceAll("'k1'", "'dev'"));
    await client.end();
    const anew = { ...env, TWO_FACTOR_KEYS: ring('k2') };
    await run(process.execPath, [resolve('dist/keys.js'), 'retire', 'dev', '--now'], { cwd: folder, env: anew });

    const second = await start(anew);
    await second.started;
    const caller = new Caller({ url: `http://127.0.0.1:${second.port}/api/auth` });
    // A sign-in by the password alone must never succeed.
    const { twoFactorToken, twoFactorMethods } = (await caller.post('/sign-in/email', { email, password: PASSWORD }))
      .body;
    expect(twoFactorMethods).toContain('otp');
    const redeemed = await caller.post('/two-factor/verify-backup-code', { code: backupCodes[0] }, twoFactorToken);
    expect(redeemed.status).toBe(200);
    const enabled = await caller.post('/two-factor/enable', { password: PASSWORD }, redeemed.body.token);
    expect(enabled).toMatchObject({ status: 200, body: { totpURI: expect.any(String) } });
  });
});

async function stop({ child, ended }: ServiceProcess): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

/** Turns two-factor on for a new account. @returns its backup codes */
async function enrol(caller: Caller, email: string): Promise<string[]> {
  const { token } = (await caller.post('/sign-up/email', { email, password: PASSWORD, name: 'Ada' })).body;
  const { totpURI, backupCodes } = (await caller.post('/two-factor/enable', { password: PASSWORD }, token)).body;
  const app = new AuthenticatorApp(totpURI, { clock: new FakeClock(new Date()) });
  expect((await caller.post('/two-factor/verify-totp', { code: app.code() }, token)).status).toBe(200);
  return backupCodes;
}
