import { Injectable } from '@nestjs/common';
import {
  Factor,
  type Match,
  type MatchContext,
  type Refusal,
  type Stage,
  type StatusContext,
} from '../../factor/factor.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { FactorError } from '../../two-factor.errors.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { PASSKEY_NOT_FOUND, PASSKEYS_NOT_CONFIGURED, USER_VERIFICATION_REQUIRED } from './passkey.errors.js';
import { FORGET_OWNER, type AssertionCandidates, type StagedCandidate } from './passkey.sql.js';
import { ES256, isCloneSuspected, isExactEcdsaSignature, passkeyMethods } from './passkey.js';
import type { AssertionResponse, ReadResponse } from './response.js';
import { verifyAssertion, type NewCredential } from './webauthn.js';

/** An assertion that came from a client, or a registration that was verified and waits for its confirmation. */
export type PasskeyAttempt =
  | { readonly kind: 'assertion'; readonly assertion: ReadResponse<AssertionResponse> }
  | { readonly kind: 'registration'; readonly id: string; readonly credential: NewCredential };

/** A verified registration, to be staged. */
export interface PasskeyEnrolment {
  readonly credentialId: Buffer;
  readonly credential: NewCredential;
  readonly transports: readonly string[];
  readonly name: string;
}

/** Passkeys and security keys [WebAuthn Level 3]: the one factor that cannot be phished. */
@Injectable()
export class PasskeyFactor extends Factor<PasskeyAttempt, AssertionCandidates | StagedCandidate> {
  readonly name = 'passkey';

  constructor(private readonly options: TwoFactorOptions) {
    super();
  }

  override unavailable(): FactorError | null {
    return this.options.passkeys ? null : PASSKEYS_NOT_CONFIGURED;
  }

  override presents(attempt: PasskeyAttempt): Readonly<Record<string, unknown>> {
    const rpId = this.options.passkeys?.rpId ?? '';
    if (attempt.kind === 'registration') {
      return { rpId, ceremonyHash: null, credentialId: null, registeredId: attempt.id };
    }
    const { client, credentialId } = attempt.assertion;
    return { rpId, ceremonyHash: client.ceremonyHash, credentialId, registeredId: null };
  }

  override async match(
    attempt: PasskeyAttempt,
    context: MatchContext<AssertionCandidates | StagedCandidate>,
  ): Promise<Match | Refusal | null> {
    const { candidates } = context;
    if (attempt.kind === 'registration') {
      if (!('staged' in candidates) || candidates.staged !== attempt.id) return null;
      return { values: {}, confirms: attempt.id, amr: passkeyMethods(attempt.credential) };
    }
    return 'staged' in candidates ? null : this.matchAssertion(attempt.assertion, { ...context, candidates });
  }

  private async matchAssertion(
    { response, client, credentialId }: ReadResponse<AssertionResponse>,
    { candidates, challengeId, sessionId }: MatchContext<AssertionCandidates>,
  ): Promise<Match | Refusal | null> {
    const { passkeys } = this.options;
    if (!passkeys) return null;
    const passkey = candidates.passkeys.find((each) => each.credentialId === credentialId.toString('hex'));
    if (!passkey) return { refused: true, error: PASSKEY_NOT_FOUND };
    const alone = challengeId === null && sessionId === null;
    if (candidates.origin !== null && candidates.origin !== client.origin) return null;
    // A passkey that was found without a list of credentials tells whose it is [WebAuthn §7.2, step 6].
    const { userHandle } = response.response;
    if (userHandle === undefined ? alone : hex(userHandle) !== candidates.handle) return null;

    // The library ignores bytes behind an ECDSA signature.
    if (passkey.alg === ES256 && !isExactEcdsaSignature(Buffer.from(response.response.signature, 'base64url')))
      return null;
    const verified = await verifyAssertion(response, client, Buffer.from(passkey.publicKey, 'hex'), passkeys);
    if (!verified) return null;
    const { signCount, backedUp, userVerified } = verified;
    // Without it a passkey is one factor: good after a password, not in its place [NIST SP 800-63B-4, appendix B].
    if (alone && !userVerified) return { refused: true, error: USER_VERIFICATION_REQUIRED };
    if (isCloneSuspected(passkey.signCount, signCount)) {
      const values = { passkeyId: passkey.id };
      return { refused: true, alarm: { event: 'two-factor.clone-suspected', topic: 'clone-suspected', values } };
    }
    return {
      values: { passkeyId: passkey.id, signCount, backedUp },
      proves: passkey.id,
      amr: passkeyMethods({ deviceBound: passkey.deviceBound, userVerified }),
    };
  }

  /** Passkeys of another `rpId` cannot be used here. */
  override isUsable({ facts }: Omit<StatusContext, 'accountId'>): boolean {
    return this.count(facts) > 0;
  }

  override async status({ facts }: StatusContext): Promise<{ readonly passkeys: number }> {
    return { passkeys: this.count(facts) };
  }

  override prepare({ credentialId, credential, transports, name }: PasskeyEnrolment): Stage {
    return async ({ id }) => ({
      columns: {
        rp_id: this.options.passkeys?.rpId,
        credential_id: credentialId,
        public_key: credential.publicKey,
        alg: credential.alg,
        sign_count: credential.signCount,
        transports,
        aaguid: credential.aaguid,
        device_bound: credential.deviceBound,
        backed_up: credential.backedUp,
        name,
      },
      response: { id },
    });
  }

  override async forget(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(FORGET_OWNER, { accountId });
  }

  /** @param facts the `rpId`s of the account's passkeys, one for each */
  private count(facts: unknown): number {
    const rpIds = (facts ?? []) as readonly string[];
    return rpIds.filter((rpId) => rpId === this.options.passkeys?.rpId).length;
  }
}

function hex(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('hex');
}
