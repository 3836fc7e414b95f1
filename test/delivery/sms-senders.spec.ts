import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DeliveryError, MessageRefusedError, TwilioSmsSender, WebhookSmsSender } from '../../src/delivery/index.js';
import { startHttp } from './http-fixture.js';

const SMS = {
  id: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
  to: '+4915112345678',
  text: '123456 ist Ihr Code für Acme & Söhne',
};
const NEVER = new AbortController().signal;

const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

const provider: typeof startHttp = async (answer) => {
  const http = await startHttp(answer);
  cleanUps.push(() => http.close());
  return http;
};

describe('TwilioSmsSender', () => {
  const accountSid = `AC${'0'.repeat(32)}`;
  const sender = (baseUrl: string, from = '+15005550006') =>
    new TwilioSmsSender({ accountSid, authToken: 'hunter2', from, baseUrl });

  it('sends a request in the form of the REST API', async () => {
    const http = await provider(() => ({ status: 201 }));
    await sender(http.url).send(SMS, NEVER);
    const [call] = http.calls;
    expect(call).toMatchObject({ method: 'POST', path: `/2010-04-01/Accounts/${accountSid}/Messages.json` });
    expect(call?.headers.authorization).toBe(`Basic ${Buffer.from(`${accountSid}:hunter2`).toString('base64')}`);
    expect(Object.fromEntries(new URLSearchParams(call?.body))).toEqual({
      To: SMS.to,
      From: '+15005550006',
      Body: SMS.text,
    });
  });

  it('sends through a messaging service', async () => {
    const http = await provider(() => ({ status: 201 }));
    const service = `MG${'0'.repeat(32)}`;
    await sender(http.url, service).send(SMS, NEVER);
    expect(new URLSearchParams(http.calls[0]?.body).get('MessagingServiceSid')).toBe(service);
    expect(http.calls[0]?.body).not.toContain('From');
  });

  it.each([
    [
      400,
      { code: 21_211, message: `The 'To' number ${SMS.to} is not valid` },
      MessageRefusedError,
      'HTTP 400 code 21211',
    ],
    [400, { code: 21_606, message: 'The From number is not yours' }, DeliveryError, 'HTTP 400 code 21606'],
    [401, { code: 20_003 }, DeliveryError, 'HTTP 401 code 20003'],
    [429, { code: 20_429 }, DeliveryError, 'HTTP 429 code 20429'],
    [503, 'Sorry', DeliveryError, 'HTTP 503'],
  ])('fails when the provider responds %i %j', async (status, body, kind, message) => {
    const http = await provider(() => ({ status, body }));
    const failure = await sender(http.url)
      .send(SMS, NEVER)
      .catch((error: unknown) => error);
    expect((failure as Error).constructor).toBe(kind);
    expect(failure).toMatchObject({ message });
  });

  it('follows no redirect', async () => {
    const trap = await provider(() => ({ status: 201 }));
    const http = await provider(() => ({ status: 307, headers: { location: trap.url } }));
    await expect(sender(http.url).send(SMS, NEVER)).rejects.toThrow('HTTP 307');
    expect(trap.calls).toEqual([]);
  });

  it('gives up at once when it is aborted', async () => {
    const http = await provider(() => undefined);
    const begun = Date.now();
    await expect(sender(http.url).send(SMS, AbortSignal.timeout(100))).rejects.toThrow();
    expect(Date.now() - begun).toBeLessThan(1500);
  });
});

describe('WebhookSmsSender', () => {
  it.each([
    ['a text', 'a secret of at least 24 bytes', Buffer.from('a secret of at least 24 bytes')],
    ['base64', `whsec_${Buffer.alloc(32, 7).toString('base64')}`, Buffer.alloc(32, 7)],
  ])('signs with a key that is given as %s', async (_, secret, key) => {
    const http = await provider(() => ({ status: 204 }));
    await new WebhookSmsSender({ url: `${http.url}/sms`, secret }).send(SMS, NEVER);
    const [call] = http.calls;
    expect(call).toMatchObject({ method: 'POST', path: '/sms' });
    expect(JSON.parse(call?.body ?? '')).toEqual({ to: SMS.to, text: SMS.text });
    expect(call?.headers['webhook-id']).toBe(`msg_${SMS.id}`);
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = call?.headers ?? {};
    const expected = createHmac('sha256', key).update(`${String(id)}.${String(timestamp)}.${call?.body}`);
    expect(signature).toBe(`v1,${expected.digest('base64')}`);
    expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(30);
  });

  it.each([
    [400, MessageRefusedError],
    [422, MessageRefusedError],
    [302, DeliveryError],
    [401, DeliveryError],
    [500, DeliveryError],
  ])('fails when the endpoint responds %i', async (status, kind) => {
    const http = await provider(() => ({ status, headers: { location: '/elsewhere' } }));
    const sender = new WebhookSmsSender({ url: http.url, secret: 'a secret of at least 24 bytes' });
    const failure = await sender.send(SMS, NEVER).catch((error: unknown) => error);
    expect((failure as Error).constructor).toBe(kind);
    expect(http.calls).toHaveLength(1);
  });
});
