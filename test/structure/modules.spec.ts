import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { Users } from '../../src/accounts/users/users.js';
import { Database } from '../../src/two-factor/index.js';
import { startTestService, type TestService } from '../support/service.js';

describe('the modules of the service', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  it('export each provider from one global module, so that the order of imports never decides which one is injected', () => {
    const modules = [...service.app.get(ModulesContainer, { strict: false }).values()];
    const exported = modules.filter(({ isGlobal }) => isGlobal).flatMap((module) => [...module.exports]);
    expect(exported).toContain(Database);
    expect(exported.filter((token, index) => exported.indexOf(token) !== index)).toEqual([]);
  });

  it('share one Database, that of the library', () => {
    expect(Reflect.get(service.app.get(Users), 'database')).toBe(service.app.get(Database));
  });
});
