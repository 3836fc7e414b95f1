import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import type { ParsedMail } from 'mailparser';
import { AuthenticatorApp, PASSWORD, type AnyBody } from '../support/client.js';
import { startSmtp, type SmtpFixture } from '../delivery/smtp-fixture.js';
import { dumpDatabase } from '../support/leaks/database-dump.js';
import { ensureBuilt } from '../support/build.js';
import { createTestDatabase } from '../support/database.js';
import { verifyAddress } from '../support/notices.js';
import { startProcess } from '../support/service-process.js';
import { startTestService, type TestService } from '../support/service.js';

const EVIL = 'evil.example';
const HOSTILE = {
  host: EVIL,
  'x-forwarded-host': EVIL,
  'x-forwarded-server': EVIL,
  'x-forwarded-proto': `https://${EVIL}`,
  'x-forwarded-prefix': `//${EVIL}`,
  'x-original-url': `https://${EVIL}/`,
  forwarded: `host=${EVIL};proto=https`,
  referer: `https://${EVIL}/`,
};
const ORIGIN = { origin: `https://${EVIL}` };
/** Markup that a client may send as a name, a user agent or a language. */
const MARKUP = '<a href="https://evil.example">x</a>"\'&';
const AGENT = { 'user-agent': MARKUP, 'accept-language': `de${MARKUP}` };

interface Reply {
  readonly status: number;
  readonly body: AnyBody;
  readonly text: string;
  /** Status line, headers and body, as received. */
  readonly whole: string;
}

describe('control 37: no link, mail or response uses what a client says about hosts', () => {
  // The service takes only the client address from the headers of a trusted proxy, and no host.
  describe.each([
    ['a service without a proxy', []],
    ['a service behind a trusted proxy', ['127.0.0.1']],
  ])('%s', (_, trustProxy) => {
    let smtp: SmtpFixture;
    let service: TestService;
    const replies: Reply[] = [];
    const mails: ParsedMail[] = [];
    const email = 'ada@example.com';
    let totpURI: string;

    beforeAll(async () => {
      smtp = await startSmtp();
      service = await startTestService({
        config: {
          trustProxy,
          outbox: true,
          smtp: { urls: [smtp.url], from: 'Acme <codes@acme.example>' },
        },
      });
      const account = { email, password: PASSWORD, name: MARKUP };
      const signedUp = await send('POST', '/sign-up/email', account);
      expect(signedUp.status).toBe(200);
      const { token, user } = signedUp.body;
      await verifyAddress(service, user.id);
      const enabled = (await send('POST', '/two-factor/enable', { password: PASSWORD }, token)).body;
      totpURI = enabled.totpURI;
      const app = new AuthenticatorApp(totpURI, service);
      await send('POST', '/two-factor/verify-totp', { code: app.nextCode() }, token);
      const challenge = (await send('POST', '/sign-in/email', account)).body.twoFactorToken;
      await send('POST', '/two-factor/send-otp', {}, challenge);
      const code = { code: app.nextCode(), trustDevice: true };
      const trusted = (await send('POST', '/two-factor/verify-totp', code, challenge)).body;
      await send('GET', '/get-session', undefined, trusted.token);
      await send('GET', '/list-sessions', undefined, trusted.token);
      await send('GET', '/two-factor/trusted-devices', undefined, trusted.token);
      await send('GET', '/nothing');
      await send('GET', '/%');
      const again = (await send('POST', '/sign-in/email', account)).body.twoFactorToken;
      await send('POST', '/two-factor/verify-backup-code', { code: enabled.backupCodes[0] }, again);
      // The mails about the enrolment, the code, the device and the backup code.
      mails.push(...(await smtp.received(4)));
    });
    afterAll(async () => {
      await service.close();
      await smtp.close();
    });

    async function send(method: string, path: string, body?: unknown, bearer?: string): Promise<Reply> {
      const reply = await hostileRequest(method, service.url + path, body, bearer);
      replies.push(reply);
      return reply;
    }

    it('does not repeat a forged host in headers or bodies', () => {
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(11);
      for (const { whole } of replies) {
        // The response returns the name of the user and of the browser to that user, as JSON.
        expect(whole.replaceAll(JSON.stringify(MARKUP), '')).not.toContain(EVIL);
        expect(whole).toMatch(/content-type\n(?:application\/json|image\/svg)/i);
      }
    });

    it('mails links that begin with the configured base URL and lead only to trusted pages', async () => {
      const asked: Array<[path: string, body: object, token?: string]> = [
        ['/request-password-reset', { email: 'bob@example.com', redirectTo: '/docs' }],
        ['/send-verification-email', { email: 'bob@example.com' }],
        ['/change-email', { newEmail: 'bob@example.org', callbackURL: '/docs' }],
      ];
      const account = { email: 'bob@example.com', password: PASSWORD, name: MARKUP };
      const { token } = (await hostileRequest('POST', `${service.url}/sign-up/email`, account)).body;
      for (const [path, body] of asked) {
        const reply = await hostileRequest('POST', service.url + path, body, token);
        expect([path, reply.status]).toEqual([path, 200]);
        expect(reply.whole).not.toContain(EVIL);
        const evil = { ...body, redirectTo: `https://${EVIL}/`, callbackURL: `//${EVIL}/` };
        expect((await hostileRequest('POST', service.url + path, evil, token)).status).toBe(403);
      }
      // The first four mails are for Ada. Then come three links and the notice of a new address.
      const received = (await smtp.received(8)).slice(4);
      const links = received.flatMap(({ text = '' }) => text.match(/https?:\S+/g) ?? []);
      expect(links).toHaveLength(3);
      for (const link of links) {
        const { origin, pathname, searchParams } = new URL(link);
        expect([origin, pathname.replace(/tfl_.*/, '')]).toEqual([
          'http://localhost:3001',
          expect.stringMatching(/^\/api\/auth\/(reset-password\/|verify-email)$/),
        ]);
        expect(searchParams.get('callbackURL') ?? 'http://localhost:3001/docs').toBe('http://localhost:3001/docs');
      }
      for (const { subject, text = '', html } of received) {
        expect([subject, text, html].join('\n')).not.toContain(EVIL);
        // Phones offer a number of four digits as a code. The text must not contain one before the link.
        expect((text.split(/https?:/)[0] ?? '').match(/\d{4}/)).toBeNull();
      }
      const opened = await hostileRequest('GET', `${service.url}${new URL(links[1] ?? '').pathname.slice(9)}?token=x`);
      expect([opened.status, opened.whole.includes(EVIL)]).toEqual([401, false]);
    });

    it('names the configured issuer and the account in the otpauth URI', () => {
      expect(totpURI).toMatch(/^otpauth:\/\/totp\/Test:ada%40example\.com\?secret=[A-Z2-7]{32}&issuer=Test&/);
    });

    it('mails no forged host, no additional header, no markup and no link', () => {
      expect(mails).toHaveLength(4);
      for (const mail of mails) {
        expect([mail.to].flat().map((to) => to?.text)).toEqual([email]);
        expect(mail.from?.text).toBe('"Acme" <codes@acme.example>');
        expect([...mail.headers.keys()].toSorted()).toEqual([
          'auto-submitted',
          'content-type',
          'date',
          'from',
          'message-id',
          'mime-version',
          'subject',
          'to',
          'x-auto-response-suppress',
        ]);
        const { text = '', html } = mail;
        const all = [mail.subject, text, html, mail.messageId].join('\n');
        expect(all).not.toContain(EVIL);
        expect(all).not.toMatch(/https?:|<a\b|<img\b|<script\b/i);
      }
    });

    it('rejects an address or a name with several lines, and several addresses', async () => {
      const before = await service.query('SELECT FROM users');
      for (const address of [
        `ada@example.com\r\nBcc: all@${EVIL}`,
        `ada@example.com\nBcc: all@${EVIL}`,
        `ada@example.com, all@${EVIL}`,
        `"Ada\r\n" <ada@example.com>`,
        `ada@example.com\u0000@${EVIL}`,
        `ada@example.com;all@${EVIL}`,
      ]) {
        const account = { email: address, password: PASSWORD, name: 'Ada' };
        expect([address, (await send('POST', '/sign-up/email', account)).status]).toEqual([address, 400]);
      }
      const lines = { email: 'bob@example.com', password: PASSWORD, name: `Bob\r\nBcc: all@${EVIL}` };
      expect((await send('POST', '/sign-up/email', lines)).status).toBe(400);
      expect(await service.query('SELECT FROM users')).toHaveLength(before.length);
    });

    it('does not repeat a foreign origin to its page', async () => {
      const { url } = service;
      const json = { 'content-type': 'application/json', cookie: 'session_token=a' };
      const asked: Array<[method: string, headers: Record<string, string>]> = [
        ['GET', {}],
        ['OPTIONS', { 'access-control-request-method': 'POST' }],
        ['POST', json],
      ];
      for (const [method, headers] of asked) {
        const init = { method, headers: { ...headers, ...ORIGIN }, ...(method === 'POST' && { body: '{}' }) };
        const answer = await fetch(`${url}/sign-out`, init);
        expect(JSON.stringify([[...answer.headers], await answer.text()])).not.toContain(EVIL);
      }
    });

    it('does not store a forged host', async () => {
      const kept = (await dumpDatabase(service.databaseUrl)).filter(({ text }) => text.includes(EVIL));
      // It stores the name of the user and of the browser.
      expect(new Set(kept.map(({ column }) => column))).toEqual(
        new Set(['public.users.name', 'public.sessions.user_agent']),
      );
    });
  });

  it('names no origin in the OpenAPI document and in Swagger UI', async () => {
    await ensureBuilt();
    const [database, folder] = await Promise.all([createTestDatabase(), mkdtemp(join(tmpdir(), 'two-factor-links-'))]);
    const process = await startProcess(folder, { DATABASE_URL: database.url, TRUST_PROXY: '127.0.0.1' });
    await process.started;
    const origin = `http://127.0.0.1:${process.port}`;
    const document = await hostileRequest('GET', `${origin}/openapi.json`);
    expect(JSON.parse(document.text)).toMatchObject({ servers: [{ url: '/api/auth' }] });
    for (const path of [
      '/openapi.json',
      '/docs',
      '/docs/',
      '/docs/swagger-ui-init.js',
      '/docs/index.html',
      '/health',
    ]) {
      const { status, whole } = await hostileRequest('GET', origin + path);
      expect([path, status]).toEqual([path, expect.any(Number)]);
      expect(status).toBeLessThan(400);
      expect(whole).not.toContain(EVIL);
    }
    process.child.kill('SIGTERM');
    expect((await process.ended).code).toBe(0);
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);
});

/** Sends one request with every header that could be mistaken for the host of the service. */
async function hostileRequest(method: string, to: string, body?: unknown, bearer?: string): Promise<Reply> {
  const { hostname, port } = new URL(to);
  return new Promise<Reply>((resolve, reject) => {
    const headers = {
      ...HOSTILE,
      ...AGENT,
      ...(bearer && { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    // Keeps the path unchanged, because `URL` would normalise it.
    const path = to.slice(to.indexOf(port) + port.length);
    const outgoing = request({ hostname, port, method, path, headers }, (answer) => {
      void textOf(answer).then((text) => {
        const { statusCode = 0, rawHeaders } = answer;
        const json = text.startsWith('{') ? (JSON.parse(text) as AnyBody) : ({} as AnyBody);
        resolve({ status: statusCode, body: json, text, whole: `${rawHeaders.join('\n')}\n${text}` });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
