import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enrol } from '../support/client.js';
import { passSeconds, signIn, trust } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true });
});
afterAll(() => service.close());

const alarmsOf = (accountId: string) =>
  service.events.filter((event) => event.accountId === accountId && event.name === 'two-factor.device-reused');

describe('F5: a copied device token is detected, however often the copy has signed in', () => {
  it.each([21, 45])('raises the alarm after %i sign-ins of the copy', async (signIns) => {
    const owner = await enrol(service);
    const { device: owners } = await trust(service, owner);
    let thiefs = owners;
    for (let n = 0; n < signIns; n++) thiefs = (await signIn(service, owner.email, thiefs)).body.trustedDeviceToken;
    await passSeconds(service, owner.id, 61);

    expect((await signIn(service, owner.email, owners)).body).toMatchObject({ twoFactorRedirect: true });
    expect(alarmsOf(owner.id)).toHaveLength(1);
    await service.messages.mailTo(owner.email, /outdated copy/);
    expect((await signIn(service, owner.email, thiefs)).body).toMatchObject({ twoFactorRedirect: true });
  });

  it.each([
    [20, 'signs in'],
    [21, 'raises the alarm'],
  ])(
    'remembers twenty tokens of the last minute: the one that gave way %i sign-ins ago %s',
    async (signIns, outcome) => {
      const owner = await enrol(service);
      const { device } = await trust(service, owner);
      let current = device;
      for (let n = 0; n < signIns; n++) current = (await signIn(service, owner.email, current)).body.trustedDeviceToken;
      const { body } = await signIn(service, owner.email, device);
      expect('twoFactorRedirect' in body ? 'raises the alarm' : 'signs in').toBe(outcome);
      expect(alarmsOf(owner.id)).toHaveLength(outcome === 'signs in' ? 0 : 1);
    },
  );

  it('raises no alarm for a made-up token', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const stranger = await trust(service, await enrol(service));
    const [, secret] = device.split('.');
    for (const token of [stranger.device, `tfd_${'A'.repeat(22)}.${secret}`]) {
      expect((await signIn(service, owner.email, token)).body).toMatchObject({ twoFactorRedirect: true });
    }
    expect(alarmsOf(owner.id)).toEqual([]);
    expect((await signIn(service, owner.email, device)).body.token).toBeDefined();
  });
});
