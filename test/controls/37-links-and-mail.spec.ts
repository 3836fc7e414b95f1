import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import type { ParsedMail } from 'mailparser';
import { AuthenticatorApp, PASSWORD, type AnyBody } from '../support/client.js';
import { serveOpenApi } from '../../src/openapi.js';
import { startSmtp, type SmtpFixture } from '../delivery/smtp-fixture.js';
import { dumpDatabase } from '../support/leaks/database-dump.js';
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
/** What somebody might call themselves, their browser or their language. */
const MARKUP = '<a href="https://evil.example">x</a>"\'&';
const AGENT = { 'user-agent': MARKUP, 'accept-language': `de${MARKUP}` };

interface Reply {
  readonly status: number;
  readonly body: AnyBody;
  /** Status line, headers and body, as they came. */
  readonly whole: string;
}

// Behind a proxy that is trusted, forwarded headers are believed as far as the client's address goes, and no further.
describe.each([
  ['alone', []],
  ['behind a trusted proxy', ['127.0.0.1']],
])('control 37: no link, mail or answer is made of what a client says about hosts (%s)', (_, trustProxy) => {
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
      prepare: (app) => serveOpenApi(app, 'http://localhost:3001'),
    });
    const account = { email, password: PASSWORD, name: `${MARKUP}\r\nBcc: all@${EVIL}` };
    const { token } = (await send('POST', '/sign-up/email', account)).body;
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
    // Enabled, the code, a device, a backup code.
    mails.push(...(await smtp.received(4)));
  });
  afterAll(async () => {
    await service.close();
    await smtp.close();
  });

  /** One request with every header that could be taken for the truth about us. */
  async function send(method: string, path: string, body?: unknown, bearer?: string): Promise<Reply> {
    const { hostname, port, pathname } = new URL(service.url);
    const reply = await new Promise<Reply>((resolve, reject) => {
      const headers = {
        ...HOSTILE,
        ...AGENT,
        ...(bearer && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      };
      const outgoing = request(
        { hostname, port, method, path: path.startsWith('/../..') ? path.slice(6) : pathname + path, headers },
        (answer) => {
          void textOf(answer).then((text) => {
            const { statusCode = 0, rawHeaders } = answer;
            const json = text.startsWith('{') ? (JSON.parse(text) as AnyBody) : ({} as AnyBody);
            resolve({ status: statusCode, body: json, whole: `${rawHeaders.join('\n')}\n${text}` });
          }, reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
    replies.push(reply);
    return reply;
  }

  it('answers do not repeat it, in headers or bodies', () => {
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(11);
    for (const { whole } of replies) {
      // The name is hers, and comes back to her as JSON.
      expect(
        whole.replaceAll(JSON.stringify(`${MARKUP}\r\nBcc: all@${EVIL}`), '').replaceAll(JSON.stringify(MARKUP), ''),
      ).not.toContain(EVIL);
      expect(whole).toMatch(/content-type\n(?:application\/json|image\/svg)/i);
    }
  });

  it('the otpauth URI names the configured issuer and the account', () => {
    expect(totpURI).toMatch(/^otpauth:\/\/totp\/Test:ada%40example\.com\?secret=[A-Z2-7]{32}&issuer=Test&/);
  });

  it('mails have nothing of it: no header more, no markup, no link', () => {
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

  it('an address that would be more than one line, or more than one address, is refused', async () => {
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
    expect(await service.query('SELECT FROM users')).toHaveLength(before.length);
  });

  it('the OpenAPI document and Swagger UI name the configured origin', async () => {
    const document = await send('GET', '/../../openapi.json');
    expect(document.body).toMatchObject({ servers: [{ url: 'http://localhost:3001/api/auth' }] });
    expect(document.whole).not.toContain(EVIL);
    for (const path of ['/../../docs', '/../../docs/', '/../../docs/swagger-ui-init.js']) {
      const { status, whole } = await send('GET', path);
      expect(status).toBeLessThan(400);
      expect(whole).not.toContain(EVIL);
    }
  });

  it('a foreign origin is not repeated to its page', async () => {
    const { url } = service;
    for (const init of [
      { method: 'GET' },
      { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } },
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', cookie: 'session_token=a' } },
    ]) {
      const answer = await fetch(`${url}/sign-out`, { ...init, headers: { ...init.headers, ...ORIGIN } });
      expect(JSON.stringify([[...answer.headers], await answer.text()])).not.toContain(EVIL);
    }
  });

  it('hosts are not kept, either', async () => {
    const kept = (await dumpDatabase(service.databaseUrl)).filter(({ text }) => text.includes(EVIL));
    // What she and her browser call themselves is.
    expect(new Set(kept.map(({ column }) => column))).toEqual(
      new Set(['public.users.name', 'public.sessions.user_agent']),
    );
  });
});
