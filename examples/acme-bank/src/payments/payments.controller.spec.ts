import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FakeTwoFactorService, TwoFactorTestingModule } from 'nestjs-two-factor/testing';
import { HttpPlatform } from '../platform.js';
import { PaymentsController } from './payments.controller.js';

describe('PaymentsController', () => {
  let app: INestApplication;
  let twoFactor: FakeTwoFactorService;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [TwoFactorTestingModule.forRoot()],
      controllers: [PaymentsController],
    }).compile();
    app = module.createNestApplication(new HttpPlatform(), { logger: false });
    await app.listen(0, '127.0.0.1');
    twoFactor = module.get(FakeTwoFactorService);
    twoFactor.turnOn('7');
  });
  afterAll(() => app.close());

  async function pay(customerId: string, strong: boolean): Promise<number> {
    const { token } = await twoFactor.openSession(customerId, { strong });
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await fetch(`${await app.getUrl()}/payments`, { method: 'POST', headers });
    return status;
  }

  it('lets a customer without two-factor pay', async () => {
    expect(await pay('8', false)).toBe(201);
  });

  it('lets a customer with two-factor pay only after the second factor', async () => {
    expect(await pay('7', false)).toBe(403);
    expect(await pay('7', true)).toBe(201);
  });
});
