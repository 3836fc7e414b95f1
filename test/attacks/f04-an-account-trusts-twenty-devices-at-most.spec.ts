import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol } from '../support/client.js';
import { passSeconds, signIn, trust, type DeviceBody } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

const MOST = 20;

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

describe('F4: an account trusts at most twenty devices', () => {
  it('ends the trust in the device that was unused for the longest time', async () => {
    const owner = await enrol(service);
    const tokens: string[] = [];
    for (let n = 0; n < MOST; n++) {
      tokens.push((await trust(service, owner)).device);
      await passSeconds(service, owner.id, 60);
    }
    const [first = '', second = ''] = tokens;
    const { trustedDeviceToken: used } = (await signIn(service, owner.email, first)).body;
    await trust(service, owner);

    const devices = await new Caller(service).get<DeviceBody[]>('/two-factor/trusted-devices', owner.token);
    expect(devices.body).toHaveLength(MOST);
    expect((await signIn(service, owner.email, second)).body).toMatchObject({ twoFactorRedirect: true });
    expect((await signIn(service, owner.email, used)).body.token).toBeDefined();
    const scopes = await service.query(`SELECT FROM two_factor_attempts WHERE account_id = $1 AND scope <> 'account'`, [
      owner.id,
    ]);
    expect(scopes).toHaveLength(MOST);
  });
});
