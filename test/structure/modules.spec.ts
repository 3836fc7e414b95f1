import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { AppModule } from '../../src/app.module.js';
import { Users } from '../../src/accounts/users/users.js';
import { Database } from '../../src/two-factor/index.js';
import { startTestService, type TestService } from '../support/service.js';

const inOrder = AppModule.forRoot.bind(AppModule);
const reversed: typeof inOrder = (...options) => {
  const module = inOrder(...options);
  return { ...module, imports: module.imports?.toReversed() };
};

describe.each([
  ['in the order of AppModule', inOrder],
  ['in the opposite order', reversed],
])('the modules of the service, imported %s', (_, forRoot) => {
  let service: TestService;
  beforeAll(async () => {
    AppModule.forRoot = forRoot;
    service = await startTestService();
  });
  afterAll(async () => {
    AppModule.forRoot = inOrder;
    await service.close();
  });

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
