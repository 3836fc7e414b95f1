import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, type AnyBody, type Caller, PASSWORD } from '../support/client.js';
import { FaultMatrix, type Operation } from '../support/fault-matrix.js';
import type { AccountSeeder, SeededAccount } from '../support/seeded-account.js';

/* The same as `verification-matrix.spec.ts`, for the requests before and after verifications. */

/** An operation whose repetition after a fault sends the same request once more. */
function operation(
  name: string,
  send: (caller: Caller, account: SeededAccount, credential: string) => Promise<Answer<AnyBody>>,
  { credential }: { credential?: (seeder: AccountSeeder, id: string) => Promise<string> } = {},
): Operation {
  return {
    name,
    async prepare(seeder) {
      const account = await seeder.account();
      const given = (await credential?.(seeder, account.id)) ?? account.session;
      const ask = (caller: Caller) => send(caller, account, given);
      return { account, send: ask, again: ask, once: false, counted: false };
    },
  };
}

const password = PASSWORD;

const OPERATIONS: readonly Operation[] = [
  operation('sign-in that ends in a challenge', (caller, { email }) =>
    caller.post('/sign-in/email', { email, password }),
  ),
  operation(
    'sign-in by a trusted device',
    (caller, { email }, device) =>
      caller.post('/sign-in/email', { email, password }, undefined, { 'x-trusted-device': device }),
    { credential: (seeder, id) => seeder.device(id) },
  ),
  operation('send-otp on a challenge', (caller, _, challenge) => caller.post('/two-factor/send-otp', {}, challenge), {
    credential: (seeder, id) => seeder.challenge(id),
  }),
  operation('enable, to replace the authenticator', (caller, _, session) =>
    caller.post('/two-factor/enable', { password }, session),
  ),
  operation('disable', (caller, _, session) => caller.post('/two-factor/disable', { password }, session)),
  operation('generate-backup-codes', (caller, _, session) =>
    caller.post('/two-factor/generate-backup-codes', { password }, session),
  ),
  operation('change-password', (caller, _, session) =>
    caller.post(
      '/change-password',
      { currentPassword: password, newPassword: 'a new horse battery staple', revokeOtherSessions: true },
      session,
    ),
  ),
];

let matrix: FaultMatrix;
let broken: ReadonlyMap<string, readonly string[]>;
beforeAll(async () => {
  matrix = await FaultMatrix.start({ workers: 3, hanging: 10 });
  broken = await matrix.run(OPERATIONS);
}, 240_000);
afterAll(async () => {
  matrix.print('Faults at every statement before and after verifications');
  await matrix.close();
});

describe('a fault at any statement of a request before or after a verification', () => {
  it.each(OPERATIONS)('breaks no invariant: $name', ({ name }) => {
    expect(broken.get(name)).toEqual([]);
  });
});
