import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { openChallenge, signUp } from '../support/client.js';
import {
  creationOptions,
  enrolPasskey,
  newAuthenticator,
  requestOptions,
  verifyAssertion,
  verifyRegistration,
} from '../support/passkeys.js';
import { startTestService, type TestService } from '../support/service.js';
import type { CredentialJson } from '../support/software-authenticator.js';

/** How many mutations each test tries; more with PASSKEY_MUTATIONS. */
const RUNS = Math.ceil(Number(process.env.PASSKEY_MUTATIONS ?? 1000) / 2);

let service: TestService;
beforeAll(async () => {
  // Each mutation costs a guess of its challenge.
  service = await startTestService({ twoFactor: { challenge: { guesses: 10 } } });
});
afterAll(() => service.close());

/** How one member of a response is changed. */
type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'append'; readonly bytes: Uint8Array }
  | { readonly kind: 'replace'; readonly value: unknown }
  | { readonly kind: 'remove' };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('flip' as const), at: fc.nat(2000), bit: fc.nat(7) }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('cut' as const), at: fc.nat(2000) }), weight: 3 },
  fc.record({ kind: fc.constant('append' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({
    kind: fc.constant('replace' as const),
    value: fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.base64String()),
  }),
  fc.record({ kind: fc.constant('remove' as const) }),
);

/** Which member: one of the envelope, or one of the authenticator's own answer. */
const place = fc.oneof(
  { arbitrary: fc.constantFrom('id', 'rawId', 'type', 'response'), weight: 1 },
  {
    arbitrary: fc.constantFrom('clientDataJSON', 'authenticatorData', 'signature', 'userHandle'),
    weight: 4,
  },
);

function mutate(response: CredentialJson, where: string, change: Mutation): unknown {
  const copy = structuredClone(response) as unknown as Record<string, unknown> & { response: Record<string, unknown> };
  const target = where in copy ? copy : copy.response;
  const before: unknown = target[where];
  if (change.kind === 'remove') delete target[where];
  else if (change.kind === 'replace') target[where] = change.value;
  else if (typeof before === 'string') target[where] = mutated(Buffer.from(before, 'base64url'), change);
  return copy;
}

function mutated(bytes: Buffer, change: Extract<Mutation, { kind: 'flip' | 'cut' | 'append' }>): string {
  if (change.kind === 'append') return Buffer.concat([bytes, change.bytes]).toString('base64url');
  const at = change.at % Math.max(bytes.length, 1);
  if (change.kind === 'cut') return bytes.subarray(0, at).toString('base64url');
  bytes[at] = (bytes[at] ?? 0) ^ (1 << change.bit);
  return bytes.toString('base64url');
}

/** The same bytes, or the same JSON. */
const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** A user handle need not be there after a password; an empty one stands for none. */
const harmless = (where: string, sent: unknown) =>
  where === 'userHandle' && !(sent as { readonly response: { readonly userHandle?: unknown } }).response.userHandle;

describe('a mutated answer of an authenticator', () => {
  it(
    'never opens a session, and never causes a fault of the service',
    async () => {
      const owner = await enrolPasskey(service);
      let token = await openChallenge(service, owner);
      let guesses = 0;
      await fc.assert(
        fc.asyncProperty(place, mutation, async (where, change) => {
          if (++guesses % 9 === 0) token = await openChallenge(service, owner);
          const { body: options } = await requestOptions(service, token);
          const response = owner.authenticator.get(options);
          const sent = mutate(response, where, change);
          fc.pre(!same(sent, response) && !harmless(where, sent));
          const { status } = await verifyAssertion(service, sent, token);
          expect([400, 401]).toContain(status);
        }),
        { numRuns: RUNS },
      );
    },
    RUNS * 200 + 60_000,
  );

  it(
    'never registers a passkey by what its client says, and never causes a fault of the service',
    async () => {
      const owner = await signUp(service);
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('id', 'rawId', 'type', 'response', 'clientDataJSON', 'attestationObject'),
          mutation,
          async (where, change) => {
            const { body: options } = await creationOptions(service, owner.token);
            const response = newAuthenticator().create(options);
            const sent = mutate(response, where, change);
            fc.pre(!same(sent, response));
            const { status, body } = await verifyRegistration(service, sent, owner.token);
            expect([200, 400, 401]).toContain(status);
            if (status !== 200) return;
            // Without attestation nothing is signed: another key in the object is another passkey, and in the client data
            // only the members count that are looked at.
            expect(['clientDataJSON', 'attestationObject']).toContain(where);
            expect(checkedMembers(sent)).toEqual(checkedMembers(response));
            owner.token = body.token;
            await forget(owner.id);
          },
        ),
        { numRuns: RUNS },
      );
    },
    RUNS * 200 + 60_000,
  );
});

/** The members of the client data that a registration depends on. */
function checkedMembers(sent: unknown): unknown {
  const { clientDataJSON } = (sent as CredentialJson).response;
  const data = JSON.parse(Buffer.from(String(clientDataJSON), 'base64url').toString()) as Record<string, unknown>;
  return [data['type'], data['challenge'], data['origin'], data['crossOrigin'] ?? false];
}

/** Removes what was registered, so that the account stays below its limit. */
async function forget(accountId: string): Promise<void> {
  await service.query('DELETE FROM two_factor_passkey WHERE account_id = $1', [accountId]);
}
