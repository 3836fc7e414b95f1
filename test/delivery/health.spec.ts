import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DeliveryHealth } from '../../src/delivery/index.js';
import { startTestService, type TestService } from '../support/service.js';

const MONITOR = 'the-token-of-a-monitor-in-tests';

describe('GET /health', () => {
  let service: TestService;

  const read = async () => {
    // Responses are cached for a second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const answer = await fetch(new URL('/health', service.url), { headers: { authorization: `Bearer ${MONITOR}` } });
    return {
      status: answer.status,
      cache: answer.headers.get('cache-control'),
      body: await answer.json(),
    };
  };

  beforeAll(async () => {
    service = await startTestService({ config: { smsWebhook: undefined, production: true, healthToken: MONITOR } });
  });

  afterAll(async () => {
    await service.close();
  });

  it('reports that everything works, and what is not configured', async () => {
    expect(await read()).toEqual({
      status: 200,
      cache: 'no-store',
      body: {
        status: 'ok',
        database: 'up',
        mail: 'off',
        sms: 'off',
        outbox: 'ok',
        limits: 'off',
        passwords: { waiting: 0 },
      },
    });
  });

  it('reports delayed messages when messages wait and no worker takes them', async () => {
    await service.query(`INSERT INTO two_factor_outbox (payload, discard_after, queue) VALUES ('{}', now(), 'notice')`);
    await service.query(`UPDATE two_factor_outbox SET created_at = now() - interval '2 minutes'`);
    expect((await read()).body).toEqual({
      status: 'degraded',
      database: 'up',
      mail: 'off',
      sms: 'off',
      outbox: 'delayed',
      limits: 'off',
      passwords: { waiting: 0 },
    });
  });

  it('is not below the base URL of the API', async () => {
    expect((await fetch(`${service.url}/health`)).status).toBe(404);
  });
});

describe('DeliveryHealth', () => {
  it('shows the result of the most recent message', async () => {
    const health = new DeliveryHealth();
    expect(health.state('sms')).toBe('idle');
    health.failed('sms', 'TwilioSmsSender: HTTP 503');
    expect(health.state('sms')).toBe('failing');
    expect(health.of('sms')).toMatchObject({ failure: 'TwilioSmsSender: HTTP 503', lastSuccess: undefined });
    health.succeeded('sms');
    expect(health.state('sms')).toBe('ok');
    expect(health.state('mail')).toBe('idle');
  });
});
