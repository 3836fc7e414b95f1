import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { devNull } from 'node:os';
import { text as textOf } from 'node:stream/consumers';
import { Logger } from '@nestjs/common';
import { ScureBase32Plugin } from 'otplib';
import { Browser, Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { dumpDatabase } from '../support/leaks/database-dump.js';
import { leaksInDump, leaksInLines } from '../support/leaks/leak-search.js';
import { logRecord } from '../support/leaks/log-record.js';
import { secrets } from '../support/leaks/secrets.js';
import { startTestService, type TestService } from '../support/service.js';

const RING_KEY = Buffer.from('a ring key of thirty-two bytes!!');
const WHOLE_LINE =
  /^\{"level":"(?:debug|info|warn|error)","time":"[^"]+","context":"\w+"[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\}$/u;
const HOSTILE = [
  ['line feeds', '\r\n{"level":"fatal","msg":"forged"}\r\n'],
  ['quotes', '","level":"fatal","msg":"forged","x":"'],
  ['terminal escapes', '\u001b[2K\u001b[1A forged \u009b2K \u202e'],
  ['other line ends', '\u2028{"level":"fatal"}\u0085{"level":"fatal"}\u2029'],
];
const SAFE = { 'x-request-id': 'proxy-1234_ABC' };

describe('control 36: logs tell what happened and contain no secret, no row and no forged line', () => {
  let service: TestService;
  let behindProxy: TestService;
  let caller: Caller;
  beforeAll(async () => {
    const config = { keys: [{ kid: 'planted', secret: RING_KEY }], trustProxy: ['127.0.0.1'] };
    service = await startTestService({ messages: true, config: { ...config, trustProxy: [] } });
    behindProxy = await startTestService({ replicaOf: service, config });
    caller = new Caller(service);
  });
  afterAll(async () => {
    await behindProxy.close();
    await service.close();
  });
  beforeEach(() => logRecord.forget());

  /** Uses two-factor in every way, with right and with wrong input. */
  async function live() {
    const owner = await enrol(service);
    const session = (await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, owner.token)).body
      .token;
    const challenge = await openChallenge(service, owner);
    await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, challenge);
    await caller.post('/two-factor/send-otp', {}, challenge);
    const mailed = await service.messages.codeMailedTo(owner.email);
    await caller.post('/two-factor/verify-otp', { code: mailed }, challenge);
    const [backup = ''] = owner.backupCodes;
    await caller.post('/two-factor/verify-backup-code', { code: backup }, await openChallenge(service, owner));
    await caller.post('/two-factor/verify-backup-code', { code: backup }, await openChallenge(service, owner));
    const { device } = await trust(service, owner);
    await signIn(service, owner.email, device);
    await signIn(service, owner.email, undefined, 'a wrong password of hers');
    const browser = new Browser(service);
    await browser.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, session);
    const seed = new URL(staged.body.totpURI).searchParams.get('secret') ?? '';
    return { owner, session, challenge, mailed, backup, device, seed };
  }

  it('writes no secret and no address at debug level', async () => {
    const { owner } = await live();
    const { text, entries } = logRecord;
    expect(leaksInLines('log', text, secrets)).toEqual([]);
    expect(text).not.toContain(owner.email);
    // The log is not empty: these events were logged.
    const events = entries.map(({ event }) => event);
    for (const event of ['http.request', 'two-factor.verified', 'two-factor.verification-failed']) {
      expect(events).toContain(event);
    }
    expect(entries.find(({ event }) => event === 'two-factor.enabled')).toMatchObject({ accountId: owner.id });
  });

  it('finds one planted secret of every kind, in the log and in a table', async () => {
    const { session, challenge, mailed, backup, device, seed } = await live();
    const bytes = Buffer.from(new ScureBase32Plugin().decode(seed));
    const planted: ReadonlyArray<readonly [kind: string, secret: string | Buffer]> = [
      ['password', PASSWORD],
      ['password', encodeURIComponent(PASSWORD)],
      ['password', 'a wrong password of hers'],
      ['password', Buffer.from(`user:${PASSWORD}`).toString('base64')],
      ['session token', session],
      ['session token', Buffer.from(session).toString('hex')],
      ['session token', session.slice('tfs_'.length)],
      ['challenge token', challenge],
      ['device token', device],
      ['seed', seed],
      ['seed', seed.toLowerCase()],
      ['seed', bytes.toString('hex')],
      ['seed', bytes.toString('base64')],
      ['seed', bytes],
      ['backup code', backup],
      ['backup code', backup.toLowerCase().replaceAll('-', '')],
      ['backup code', backup.replaceAll('-', ' ')],
      ['code', mailed],
      ['code', `${mailed.slice(0, 3)} ${mailed.slice(3)}`],
      ['ring key', RING_KEY.toString('base64')],
      ['ring key', RING_KEY.toString('hex')],
      ['ring key', RING_KEY],
    ];
    const probe = new Logger('Probe');
    await service.query('CREATE TABLE probe (words text, document jsonb, bytes bytea)');
    expect(leaksInDump(await dumpDatabase(service.databaseUrl), secrets)).toEqual([]);
    for (const [kind, secret] of planted) {
      logRecord.forget();
      if (typeof secret === 'string') {
        probe.debug(`this is it: ${secret}.`);
        expect(leaksInLines('log', logRecord.text, secrets).join()).toMatch(
          new RegExp(`${kind}.*in line 1 of the log: debug of Probe`),
        );
      }
      const words = typeof secret === 'string' ? secret : null;
      const document = words && JSON.stringify({ list: [`it: ${words}`] });
      await service.query('INSERT INTO probe VALUES ($1, $2, $3)', [words, document, Buffer.from(secret)]);
      const leaks = leaksInDump(await dumpDatabase(service.databaseUrl), secrets).join('\n');
      if (words) expect(leaks).toMatch(new RegExp(`${kind}.*in public\\.probe\\.words`));
      if (words) expect(leaks).toMatch(new RegExp(`${kind}.*in public\\.probe\\.document`));
      if (kind !== 'code') expect(leaks).toMatch(new RegExp(`${kind}.*in public\\.probe\\.bytes`));
      await service.query('TRUNCATE probe');
    }
    await service.query('DROP TABLE probe');
    logRecord.forget();
  });

  it('fails the test file that started a leaking service', async () => {
    const { TEST_LEAKS } = process.env;
    // This planted leak must not count for the whole run.
    process.env.TEST_LEAKS = devNull;
    try {
      const stores = await startTestService();
      const { token } = await signUp(stores);
      await stores.query('UPDATE users SET image = $1', [token]);
      await expect(stores.close()).rejects.toThrow(/session token, as it is, in public\.users\.image/);
      const logs = await startTestService();
      new Logger('Probe').log({ event: 'probe', words: (await signUp(logs)).token });
      await expect(logs.close()).rejects.toThrow(/session token, as it is, in line \d+ of the log: info of Probe/);
    } finally {
      process.env.TEST_LEAKS = TEST_LEAKS;
    }
  });

  it('logs an error of the database without the row', async () => {
    const { email } = await signUp(service);
    await service.query(`ALTER TABLE sessions ADD CONSTRAINT planted CHECK (user_agent <> 'odd')`);
    const agent = { 'user-agent': 'odd' };
    const answer = await caller.post('/sign-in/email', { email, password: PASSWORD }, undefined, agent);
    await service.query('ALTER TABLE sessions DROP CONSTRAINT planted');
    expect(answer).toMatchObject({ status: 500, body: { message: 'Internal Server Error' } });
    const requestId = answer.headers.get('x-request-id');
    expect(logRecord.entries.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({
        requestId,
        context: 'Http',
        err: {
          type: 'DatabaseError',
          message: expect.stringContaining('violates check constraint "planted"'),
          stack: expect.stringContaining('sign-in.service'),
          code: '23514',
          severity: 'ERROR',
          constraint: 'planted',
          routine: 'ExecConstraints',
        },
      }),
    ]);
    expect(logRecord.text).not.toMatch(/Failing row|\\x[0-9a-f]{8}/);
    expect(await linesOf(requestId)).toContainEqual(
      expect.objectContaining({ event: 'http.request', level: 'info', status: 500 }),
    );
  });

  it('gives every request an id, in its response and on every line that is logged for it', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const { headers } = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge);
    const id = headers.get('x-request-id');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect((await linesOf(id)).map(({ context, event }) => [context, event])).toEqual([
      ['TwoFactor', 'two-factor.verified'],
      ['Http', 'http.request'],
    ]);
    const refused = await Promise.all(['/nothing', '/two-factor/status', '/%'].map((path) => caller.get(path)));
    for (const answer of refused) expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-/);
    expect(new Set([id, ...refused.map((answer) => answer.headers.get('x-request-id'))]).size).toBe(4);
  });

  it('takes an id only from a trusted proxy, and only in a safe format', async () => {
    expect(await idOf(behindProxy, SAFE)).toBe('proxy-1234_ABC');
    expect(await idOf(service, SAFE)).toMatch(/^[0-9a-f]{8}-/);
    for (const unsafe of ['', 'a b', 'a"b', 'x'.repeat(65), 'a\u009bb', 'a,b']) {
      expect(await idOf(behindProxy, { 'x-request-id': unsafe })).toMatch(/^[0-9a-f]{8}-/);
    }
  });

  it('logs the route of a request, never its URL', async () => {
    const { token } = await signUp(service);
    const answers = [
      await caller.get(`/get-session?token=${token}&code=123456`),
      await caller.delete(`/two-factor/trusted-devices/${token}?a=${token}`, token),
      await caller.get(`/${token}`),
    ];
    const routes = [];
    for (const { headers } of answers) {
      const lines = await linesOf(headers.get('x-request-id'));
      routes.push(lines.find(({ event }) => event === 'http.request')?.['route']);
    }
    expect(routes).toEqual(['/api/auth/get-session', '/api/auth/two-factor/trusted-devices/:id', 'none']);
    expect(logRecord.text).not.toContain(token);
  });

  it.each(HOSTILE)('keeps %s of a client from ending a line or forging a field', async (_, hostile) => {
    const email = `odd${Date.now()}${hostile}@example.com`;
    await caller.post('/sign-up/email', { email, password: PASSWORD, name: hostile });
    await caller.post('/sign-in/email', { email, password: PASSWORD });
    const { token } = await signUp(service);
    await caller.post('/two-factor/enable', { password: PASSWORD, issuer: hostile, method: hostile }, token);
    await caller.get(`/${encodeURIComponent(hostile)}`);
    await rawRequest(hostile);
    await caller.get('/ok');
    await service.query(`ALTER TABLE users ADD CONSTRAINT planted CHECK (name NOT LIKE '%forged%') NOT VALID`);
    await caller.post('/sign-up/email', { email: 'forged@example.com', password: PASSWORD, name: `forged${hostile}` });
    await service.query('ALTER TABLE users DROP CONSTRAINT planted');
    const lines = logRecord.text.split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      expect(line).toMatch(WHOLE_LINE);
      expect(line).not.toContain('forged');
      expect(line.match(/"level":/g)).toHaveLength(1);
    }
  });

  it.each(HOSTILE)('keeps %s that the service logs as text within their line', (_, hostile) => {
    const probe = new Logger('Probe');
    probe.warn({ event: 'probe', agent: hostile });
    probe.error(new Error(hostile));
    for (const line of logRecord.text.split('\n').slice(0, -1)) expect(line).toMatch(WHOLE_LINE);
    expect(logRecord.entries.filter(({ context }) => context === 'Probe')).toMatchObject([
      { level: 'warn', context: 'Probe', agent: hostile },
      { level: 'error', context: 'Probe', err: { message: hostile } },
    ]);
  });

  /** Sends bytes that no client library would send, in a path and in headers. */
  async function rawRequest(hostile: string): Promise<void> {
    const { hostname, port } = new URL(service.url);
    for (const lines of [
      [`GET /api/auth/${hostile} HTTP/1.1`],
      ['GET /api/auth/ok HTTP/1.1', `User-Agent: ${hostile}`],
      ['GET /api/auth/ok HTTP/1.1', `X-Request-Id: ${hostile}`],
      ['GET /api/auth/list-sessions HTTP/1.1', `Authorization: Bearer ${hostile}`],
    ]) {
      const socket = connect(Number(port), hostname);
      socket.end([...lines, 'Host: localhost', 'Connection: close', '', ''].join('\r\n'));
      expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 [2-4]\d\d /);
    }
  }
});

/** Waits for the line that reports the end of a request. It is written after the response. */
async function linesOf(id: string | null): Promise<Array<Record<string, unknown>>> {
  for (let patience = 5000; patience > 0; patience--) {
    const lines = logRecord.entries.filter(({ requestId }) => requestId === id);
    if (lines.some(({ event }) => event === 'http.request')) return lines;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`No line tells of the end of request ${id}`);
}

async function idOf(at: TestService, headers: Record<string, string>): Promise<string | null> {
  return (await new Caller(at).get('/ok', undefined, headers)).headers.get('x-request-id');
}
