import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, enrol, openChallenge, PASSWORD } from '../support/client.js';
import { Replicas } from '../support/replicas.js';

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.start();
});
afterAll(() => replicas.close());

const verify = async (index: number, code: string, token: string) =>
  new Caller(replicas.at(index)).post('/two-factor/verify-totp', { code }, token);

describe('control 14: verification on a live session has the same budget as on a challenge', () => {
  it('evaluates ten of 200 wrong codes, then responds with 429', async () => {
    const owner = await enrol(replicas.at(0));
    const wrong = owner.app.wrongCode();
    // The requests go out in batches because one client opens only a limited number of connections.
    const answers = [];
    for (let wave = 0; wave < 4; wave++)
      answers.push(...(await race(50, (index) => verify(index, wrong, owner.token))));
    expect(answers.filter(({ status, body }) => status === 401 && body.code === 'INVALID_CODE')).toHaveLength(10);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(190);
    for (const { headers, body } of refused) {
      expect(body.code).toBe('ACCOUNT_TEMPORARILY_LOCKED');
      expect(headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
    }
    expect((await verify(0, owner.app.nextCode(), owner.token)).status).toBe(429);
  });

  it('shares the budget with challenges, and ends no session when it is used up', async () => {
    const service = replicas.at(0);
    const owner = await enrol(service);
    const wrong = owner.app.wrongCode();
    const challenge = await openChallenge(service, owner);
    for (const token of [challenge, challenge, challenge, ...Array.from({ length: 7 }, () => owner.token)]) {
      expect((await verify(1, wrong, token)).body.code).toBe('INVALID_CODE');
    }
    for (const token of [challenge, owner.token]) {
      expect((await verify(0, owner.app.nextCode(), token)).body.code).toBe('ACCOUNT_TEMPORARILY_LOCKED');
    }
    const uri = await new Caller(service).post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token);
    expect(uri.status).toBe(200);
  });
});
