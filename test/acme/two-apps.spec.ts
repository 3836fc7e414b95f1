import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Acme, PLATFORMS } from './support.js';

let apps: Acme[];
beforeAll(async () => {
  apps = await Promise.all(PLATFORMS.map(([, adapter]) => Acme.start(adapter())));
});
afterAll(() => Promise.all(apps.map((app) => app.close())));

it('keeps the challenges of two apps in one process separate', async () => {
  const [one, other] = apps;
  if (!one || !other) throw new Error('Two are needed');
  const [ours, theirs] = [await one.hireEnrolled(), await other.hireEnrolled()];
  const challenges = [await ours.login(), await theirs.login()] as const;
  // Parallel requests would show state that the two apps share.
  const answers = await race(40, async (n) => {
    const [app, worker, stranger] = n % 2 === 0 ? [one, ours, theirs] : [other, theirs, ours];
    const own = await app.caller().get<{ employee: string }>('/payroll', worker.session);
    const foreign = await app.caller().get('/payroll', stranger.session);
    return [own.status, own.body.employee === worker.id, foreign.status];
  });
  expect(answers).toEqual(answers.map(() => [200, true, 401]));

  for (const [app, challenge] of [
    [one, challenges[1]],
    [other, challenges[0]],
  ] as const) {
    const answer = await app.caller().post('/two-factor/verify-totp', { code: '000000' }, challenge);
    expect(answer).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } });
  }
  expect((await ours.verify(challenges[0])).status).toBe(200);
  expect((await theirs.verify(challenges[1])).status).toBe(200);
});

it('keeps an app working when another app of the process closes', async () => {
  const [one, other] = apps.splice(0);
  if (!one || !other) throw new Error('Two are needed');
  apps = [other];
  const worker = await other.hireEnrolled();
  await one.close();
  expect((await other.caller().get('/payroll', worker.session)).status).toBe(200);
  expect((await worker.verify(await worker.login())).status).toBe(200);
});
