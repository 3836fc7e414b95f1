import { afterEach, describe, expect, it } from '@jest/globals';
import { DeliveryError, MessageRefusedError, SmtpMailSender } from '../../src/delivery/index.js';
import { smtpError, startSmtp } from './smtp-fixture.js';

const MAIL = {
  id: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
  to: 'user@example.com',
  subject: 'Grüße',
  text: 'Plain',
  html: '<p>Rich</p>',
};
const NEVER = new AbortController().signal;

describe('SmtpMailSender', () => {
  const cleanUps: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  const server: typeof startSmtp = async (options) => {
    const smtp = await startSmtp(options);
    cleanUps.push(() => smtp.close());
    return smtp;
  };

  const sender = (url: string): SmtpMailSender => {
    const smtp = new SmtpMailSender({ url, from: 'Acme <no-reply@example.com>', connectTimeoutMs: 2000 });
    cleanUps.push(() => smtp.close());
    return smtp;
  };

  it('sends text and HTML with headers that suppress automatic replies', async () => {
    const smtp = await server();
    await sender(smtp.url).send(MAIL, NEVER);
    const [mail] = smtp.mails;
    expect(mail).toMatchObject({ subject: 'Grüße', html: '<p>Rich</p>', attachments: [] });
    expect(mail?.text?.trim()).toBe('Plain');
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('reuses its connection', async () => {
    let connections = 0;
    const smtp = await server({
      onConnect: (_session, callback) => {
        connections++;
        callback();
      },
    });
    const kept = sender(smtp.url);
    for (let count = 0; count < 3; count++) await kept.send(MAIL, NEVER);
    expect([smtp.mails.length, connections]).toEqual([3, 1]);
  });

  it('sends to one address only, even if it contains special characters', async () => {
    const recipients: string[] = [];
    const smtp = await server({
      onRcptTo: ({ address }, _session, callback) => {
        recipients.push(address);
        callback();
      },
    });
    const strange = ['a@example.com, b@example.com', 'a@example.com\r\nBcc: b@example.com', 'x <b@example.com>'];
    for (const to of strange)
      await sender(smtp.url)
        .send({ ...MAIL, to }, NEVER)
        .catch(() => undefined);
    expect(recipients.filter((address) => address === 'b@example.com')).toEqual([]);
    expect(smtp.mails.flatMap(({ bcc }) => bcc ?? [])).toEqual([]);
  });

  it('gives up at once when it is aborted', async () => {
    const smtp = await server({ onRcptTo: () => undefined });
    const begun = Date.now();
    await expect(sender(smtp.url).send(MAIL, AbortSignal.timeout(100))).rejects.toThrow('AbortError EABORT');
    expect(Date.now() - begun).toBeLessThan(1500);
    expect(smtp.mails).toEqual([]);
  });

  it('never sends credentials unencrypted', async () => {
    let logins = 0;
    const smtp = await server({
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => {
        logins++;
        callback(null, { user: 'me' });
      },
    });
    const url = smtp.url.replace('//', '//me:hunter2@');
    await expect(sender(url).send(MAIL, NEVER)).rejects.toThrow(DeliveryError);
    expect(logins).toBe(0);
    await sender(`${url}?requireTLS=false`).send(MAIL, NEVER);
    expect([smtp.mails.length, logins]).toEqual([1, 1]);
  });

  it.each<[string, { secure?: boolean; disabledCommands?: string[] }]>([
    ['smtps:', { secure: true }],
    ['smtp:', { disabledCommands: [] }],
  ])('encrypts with %s and refuses a self-signed certificate', async (protocol, options) => {
    const smtp = await server({ ...options, onAuth: (_auth, _session, callback) => callback(null, { user: 'me' }) });
    const url = smtp.url.replace('smtp://', `${protocol}//me:hunter2@`);
    await expect(sender(url).send(MAIL, NEVER)).rejects.toThrow(/^Error E(TLS|SOCKET)/);
    await sender(`${url}?tls.rejectUnauthorized=false`).send(MAIL, NEVER);
    expect(smtp.mails).toHaveLength(1);
  });

  it('distinguishes a refused message from a refused login', async () => {
    const refusing = await server({
      onData: (stream, _session, callback) => {
        stream.resume().on('end', () => callback(smtpError(554, '5.7.1 user@example.com: spam')));
      },
    });
    const refusal = await sender(refusing.url)
      .send(MAIL, NEVER)
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MessageRefusedError);
    expect(refusal).toMatchObject({ message: 'Error EMESSAGE 554 5.7.1' });

    const closed = await server({
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => callback(smtpError(535, 'No')),
    });
    const url = `${closed.url.replace('//', '//me:hunter2@')}?requireTLS=false`;
    const failure = await sender(url)
      .send(MAIL, NEVER)
      .catch((error: unknown) => error);
    expect(failure).not.toBeInstanceOf(MessageRefusedError);
    expect(failure).toMatchObject({ message: 'Error EAUTH 535' });
  });
});
