import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller } from '../support/client.js';
import { FaultMatrix, type Operation } from '../support/fault-matrix.js';
import { type AccountSeeder } from '../support/seeded-account.js';

/*
 * Injects every fault at every statement of every verification. `fault-matrix.ts` defines the invariants and prints a
 * table of the faults.
 */

type Route = 'verify-totp' | 'verify-otp' | 'verify-backup-code';

/** Submits a code with a bearer token. `again` calls `next` for the bearer token of the next attempt. */
function sends(route: Route, body: object, bearer: string, next: () => Promise<string>) {
  const send = (caller: Caller, token: string) => caller.post(`/two-factor/${route}`, body, token);
  return {
    send: (caller: Caller) => send(caller, bearer),
    again: async (caller: Caller) => send(caller, await next()),
  };
}

function onChallenge(name: string, route: Route, how: How): Operation {
  return {
    name: `${name} on a challenge`,
    async prepare(seeder) {
      const account = await seeder.account();
      const bearer = await seeder.challenge(account.id);
      const body = await how.body({ seeder, account, bearer });
      const next = how.bound ? () => Promise.resolve(bearer) : () => seeder.challenge(account.id);
      return { account, once: how.right, counted: true, ...sends(route, body, bearer, next) };
    },
  };
}

function onSession(name: string, route: Route, how: How): Operation {
  return {
    name: `${name} on a session`,
    async prepare(seeder) {
      const account = await seeder.account();
      const bearer = account.session;
      const body = await how.body({ seeder, account, bearer });
      const next = async () => (how.bound ? bearer : await seeder.session(account.id));
      const counted = route !== 'verify-backup-code';
      return { account, once: how.right, counted, ...sends(route, body, bearer, next) };
    },
  };
}

/** Stages a factor on the account's own session and confirms it there. */
function confirming(
  name: string,
  route: Route,
  right: boolean,
  enrolled: boolean,
  stage: (seeder: AccountSeeder, account: Account) => Promise<string>,
): Operation {
  return {
    name,
    async prepare(seeder) {
      const account = await seeder.account({ enrolled });
      const code = await stage(seeder, account);
      const bearer = account.session;
      return { account, once: right, counted: true, ...sends(route, { code }, bearer, () => Promise.resolve(bearer)) };
    },
  };
}

type Account = Awaited<ReturnType<AccountSeeder['account']>>;

interface How {
  readonly right: boolean;
  /** Whether the code is valid only on this challenge or session. */
  readonly bound?: boolean;
  body(given: { seeder: AccountSeeder; account: Account; bearer: string }): Promise<object>;
}

const rightStep: How = { right: true, body: async ({ account: { app } }) => ({ code: app.code() }) };
const wrongStep: How = { right: false, body: async ({ account: { app } }) => ({ code: app.wrongCode() }) };
const rightStepAndTrust: How = {
  right: true,
  body: async ({ account: { app } }) => ({ code: app.code(), trustDevice: true }),
};
const lastWrongStep: How = {
  right: false,
  async body({ seeder, account: { id, app } }) {
    await seeder.failures(id, 9);
    return { code: app.wrongCode() };
  },
};
const sent: How = {
  right: true,
  bound: true,
  body: async ({ seeder, account, bearer }) => ({ code: await seeder.sentCode(account.id, bearer) }),
};
const wronglyTyped: How = {
  right: false,
  bound: true,
  async body({ seeder, account, bearer }) {
    const code = await seeder.sentCode(account.id, bearer);
    return { code: code === '000000' ? '000001' : '000000' };
  },
};
const backupCode: How = { right: true, body: async ({ account: { backupCodes } }) => ({ code: backupCodes[0] }) };
const strangeBackupCode: How = { right: false, body: async () => ({ code: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' }) };
const backupCodeAlone: How = {
  right: true,
  body: async ({ account: { backupCodes } }) => ({ code: backupCodes[0], disableSession: true }),
};

const OPERATIONS: readonly Operation[] = [
  onChallenge('verify-totp, right', 'verify-totp', rightStep),
  onChallenge('verify-totp, right, trusting the device', 'verify-totp', rightStepAndTrust),
  onChallenge('verify-totp, wrong', 'verify-totp', wrongStep),
  onChallenge('verify-totp, wrong for the tenth time', 'verify-totp', lastWrongStep),
  onSession('verify-totp, right', 'verify-totp', rightStep),
  onSession('verify-totp, wrong', 'verify-totp', wrongStep),
  onChallenge('verify-otp, right', 'verify-otp', sent),
  onChallenge('verify-otp, wrong', 'verify-otp', wronglyTyped),
  onSession('verify-otp, right', 'verify-otp', sent),
  onChallenge('verify-backup-code, right', 'verify-backup-code', backupCode),
  onChallenge('verify-backup-code, wrong', 'verify-backup-code', strangeBackupCode),
  onChallenge('verify-backup-code, right, no session wanted', 'verify-backup-code', backupCodeAlone),
  onSession('verify-backup-code, right', 'verify-backup-code', backupCode),
  confirming('confirming an authenticator, right', 'verify-totp', true, false, async (seeder, account) =>
    (await seeder.stagedApp(account)).code(),
  ),
  confirming('confirming an authenticator, wrong', 'verify-totp', false, false, async (seeder, account) =>
    (await seeder.stagedApp(account)).wrongCode(),
  ),
  confirming('replacing an authenticator', 'verify-totp', true, true, async (seeder, account) =>
    (await seeder.stagedApp(account)).code(),
  ),
  confirming('confirming codes by mail', 'verify-otp', true, false, async (seeder, account) => {
    await seeder.stagedMail(account);
    return seeder.sentCode(account.id, account.session);
  }),
];

let matrix: FaultMatrix;
let broken: ReadonlyMap<string, readonly string[]>;
beforeAll(async () => {
  matrix = await FaultMatrix.start({ workers: 4, hanging: 14 });
  broken = await matrix.run(OPERATIONS);
}, 240_000);
afterAll(async () => {
  matrix.print('Faults at every statement of every verification');
  await matrix.close();
});

describe('a fault at any statement of a verification', () => {
  it.each(OPERATIONS)('breaks no invariant: $name', ({ name }) => {
    expect(broken.get(name)).toEqual([]);
  });
});
