import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol } from '../support/client.js';
import { signIn, trust, type DeviceBody } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

const devicesOf = async (bearer: string) =>
  (await caller.get<DeviceBody[]>('/two-factor/trusted-devices', bearer)).body;

describe('F15: a session without a second factor renames only its own device', () => {
  it('refuses to rename another device, and keeps its name', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner, { 'user-agent': 'curl/8' });
    await trust(service, owner, { 'user-agent': 'curl/8' });
    const weak = (await signIn(service, owner.email, device)).body.token;
    const list = await devicesOf(weak);
    const path = (current: boolean) => `/two-factor/trusted-devices/${list.find((one) => one.current === current)?.id}`;

    expect(await caller.patch(path(false), { name: 'Owner’s phone' }, weak)).toMatchObject({
      status: 403,
      body: { code: 'SECOND_FACTOR_REQUIRED' },
    });
    expect((await caller.patch(path(true), { name: 'Mine' }, weak)).status).toBe(200);
    expect((await devicesOf(owner.token)).map(({ name }) => name).toSorted()).toEqual(['Mine', 'curl']);
    expect((await caller.patch(path(false), { name: 'Phone' }, owner.token)).status).toBe(200);
  });
});
