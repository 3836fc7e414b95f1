import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ValidationPipe, type INestApplication } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import { totpFactor, type FactorPlugin } from '../../src/two-factor/index.js';
import { ACME_FACTORS } from './company/factors.js';
import { Acme, PASSWORD, PLATFORMS, type Worker } from './support.js';

/** A member of `enable` that only a factor of the company has. */
class BranchRequest {
  @IsOptional()
  @IsString()
  branch?: string;
}

const FACTORS: readonly FactorPlugin[] = ACME_FACTORS.map((plugin) =>
  plugin.name === 'hardware-key' ? { ...plugin, enable: { request: BranchRequest } } : plugin,
);

const STRICT = new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true });

interface Host {
  readonly acme: Acme;
  readonly worker: Worker;
}

function enable({ acme, worker }: Host, body: object) {
  return acme.caller().post('/two-factor/enable', { password: PASSWORD, ...body }, worker.session);
}

describe.each(PLATFORMS)('the body of `enable` on %s', (_, adapter) => {
  const start = async (configure?: (app: INestApplication) => void) => {
    const acme = await Acme.start(adapter(), undefined, undefined, { structure: { factors: FACTORS }, configure });
    return { acme, worker: await acme.hire() };
  };

  describe('behind a global pipe of the host with forbidNonWhitelisted', () => {
    let host: Host;
    beforeAll(async () => {
      host = await start((app) => app.useGlobalPipes(STRICT));
    });
    afterAll(() => host.acme.close());

    it('is refused with members that no factor has, as every other body is', async () => {
      const { status, body } = await enable(host, { admin: true });
      expect([status, body.message]).toEqual([400, ['property admin should not exist']]);
      const disabling = { password: PASSWORD, admin: true };
      const disable = await host.acme.caller().post('/two-factor/disable', disabling, host.worker.session);
      expect([disable.status, disable.body.message]).toEqual([400, ['property admin should not exist']]);
    });

    it.each([
      ['of no factor', {}],
      ['of TOTP', { method: 'totp', issuer: 'Acme' }],
      ['of one-time codes', { method: 'totp', channel: 'mail' }],
      ['of a factor of the host', { branch: 'north' }],
      ['that are null', { method: null, issuer: null, channel: null }],
    ])('is accepted with members %s', async (__, members) => {
      const { status, body } = await enable(host, members);
      expect([status, body.method]).toEqual([200, 'totp']);
    });

    it('is refused when a member is of a wrong type', async () => {
      expect((await enable(host, { branch: 7 })).status).toBe(400);
      expect((await enable(host, { method: 'no-such-method' })).status).toBe(400);
    });
  });

  it('is accepted behind a global pipe without that option, and members that no factor has are ignored', async () => {
    const host = await start((app) => app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true })));
    const { status, body } = await enable(host, { admin: true, branch: 'north' });
    expect([status, body.method]).toEqual([200, totpFactor.name]);
    await host.acme.close();
  });

  describe('without a pipe of the host', () => {
    let host: Host;
    beforeAll(async () => {
      host = await start();
    });
    afterAll(() => host.acme.close());

    it('is accepted with members that no factor has, which are ignored', async () => {
      const { status, body } = await enable(host, { admin: true, branch: 'north' });
      expect([status, body.method]).toEqual([200, totpFactor.name]);
    });

    it('is refused by the library when a member of a factor is of a wrong type', async () => {
      const { status, body } = await enable(host, { branch: 7 });
      expect([status, body.code, body.errors]).toEqual([
        400,
        'VALIDATION_ERROR',
        { branch: ['branch must be a string'] },
      ]);
    });
  });
});
