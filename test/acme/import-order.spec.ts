import { describe, expect, it } from '@jest/globals';
import { AcmeModule } from './company/acme.module.js';
import { Acme, PLATFORMS } from './support.js';

/** Runs `start` while the module of the company imports its modules in the opposite order. */
async function reversed<T>(start: () => Promise<T>): Promise<T> {
  const original = AcmeModule.forRoot.bind(AcmeModule);
  AcmeModule.forRoot = (...options) => {
    const module = original(...options);
    return { ...module, imports: module.imports?.toReversed() };
  };
  try {
    return await start();
  } finally {
    AcmeModule.forRoot = original;
  }
}

describe.each(PLATFORMS)('a company on %s that imports TwoFactorModule before its data source', (_, adapter) => {
  it('starts, enrols and signs in like any other', async () => {
    const acme = await reversed(() => Acme.start(adapter()));
    const worker = await acme.hireEnrolled();
    const { status } = await worker.verify(await worker.login());
    expect(status).toBe(200);
    await acme.close();
  });
});
