import { Injectable } from '@nestjs/common';
import type { AnonymousCaller, Prover } from '../../challenge/caller.js';
import { ChallengeService } from '../../challenge/challenge.service.js';
import type { PasskeyOptions } from '../../passkey-options.js';
import { SecondFactorPolicy } from '../../policy/second-factor-policy.js';
import { AccountDirectory } from '../../ports/account-directory.js';
import { headerOf, type HeaderLines, type IncomingRequest } from '../../ports/incoming-request.js';
import { Random } from '../../ports/random.js';
import type { SessionIdentity } from '../../ports/session-gateway.js';
import { Database } from '../../postgres/database.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import {
  BEGIN_AUTHENTICATION,
  BEGIN_REGISTRATION,
  BEGIN_SIGN_IN,
  CEREMONY_LIFE,
  type KnownCredential,
} from './ceremony.sql.js';
import type { AuthenticationOptionsResponse, RegistrationOptionsResponse } from './passkey.dto.js';
import { PASSKEY_NOT_FOUND, PASSKEYS_NOT_CONFIGURED, TOO_MANY_PASSKEYS } from './passkey.errors.js';
import { MOST_PASSKEYS } from './passkey.sql.js';
import { ceremonyHash } from './response.js';
import { ALGORITHMS } from './webauthn.js';

/** 256 bits; WebAuthn §13.4.3 asks for 16 bytes at least. */
const CHALLENGE_BYTES = 32;

/** The most that WebAuthn §5.4.3 allows. */
const HANDLE_BYTES = 64;

/** What a client wishes of a new passkey. */
export interface RegistrationWish {
  readonly authenticatorAttachment?: 'platform' | 'cross-platform' | undefined;
  /** What the authenticator shows as the name of the account. */
  readonly name?: string | undefined;
}

/** Options for the authenticator; header lines that belong to the answer. */
export interface BegunAuthentication {
  readonly options: AuthenticationOptionsResponse;
  readonly headers: HeaderLines;
}

/** Begins ceremonies: makes the challenge that an authenticator signs, and keeps its hash. */
@Injectable()
export class CeremoniesService {
  constructor(
    private readonly options: TwoFactorOptions,
    private readonly database: Database,
    private readonly random: Random,
    private readonly accounts: AccountDirectory,
    private readonly challenges: ChallengeService,
    private readonly secondFactor: SecondFactorPolicy,
  ) {}

  /** @throws {TwoFactorException} PASSKEYS_NOT_CONFIGURED */
  requireOptions(): PasskeyOptions {
    const { passkeys } = this.options;
    if (!passkeys) throw new TwoFactorException(PASSKEYS_NOT_CONFIGURED);
    return passkeys;
  }

  /** @throws {TwoFactorException} PASSKEYS_NOT_CONFIGURED, SECOND_FACTOR_REQUIRED, TOO_MANY_PASSKEYS */
  async beginRegistration(session: SessionIdentity, wish: RegistrationWish): Promise<RegistrationOptionsResponse> {
    const { rpId, rpName } = this.requireOptions();
    const { accountId, sessionId } = session;
    await this.secondFactor.require(session);
    const account = await this.accounts.find(accountId);
    if (!account) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
    const challenge = this.random.bytes(CHALLENGE_BYTES);
    const [begun] = await this.database.query(BEGIN_REGISTRATION, {
      ceremonyHash: ceremonyHash(challenge),
      rpId,
      accountId,
      sessionId,
      newHandle: this.random.bytes(HANDLE_BYTES),
    });
    if (!begun) throw new Error('A ceremony must begin');
    if (begun.passkeys >= MOST_PASSKEYS) throw new TwoFactorException(TOO_MANY_PASSKEYS);
    return {
      challenge: challenge.toString('base64url'),
      rp: { name: rpName, id: rpId },
      user: {
        id: begun.handle.toString('base64url'),
        name: wish.name ?? account.label,
        displayName: account.user.name || account.label,
      },
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ alg, type: 'public-key' })),
      timeout: CEREMONY_LIFE * 1000,
      attestation: 'none',
      excludeCredentials: begun.credentials.map(descriptor),
      authenticatorSelection: {
        residentKey: 'preferred',
        requireResidentKey: false,
        userVerification: 'preferred',
        ...(wish.authenticatorAttachment && { authenticatorAttachment: wish.authenticatorAttachment }),
      },
      extensions: { credProps: true },
    };
  }

  /**
   * @throws {TwoFactorException} PASSKEYS_NOT_CONFIGURED; PASSKEY_NOT_FOUND for an account without passkeys;
   *   INVALID_TWO_FACTOR_COOKIE, TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE; UNAUTHORIZED for a caller without credential where passkeys
   *   do not sign in on their own, INVALID_ORIGIN for one on a foreign page
   */
  async beginAuthentication(caller: Prover | AnonymousCaller, request: IncomingRequest): Promise<BegunAuthentication> {
    const { signIn } = this.requireOptions();
    if (caller.kind === 'anonymous') return { options: await this.beginSignIn(request), headers: [] };
    try {
      return { options: await this.beginProof(caller), headers: [] };
    } catch (error) {
      // A dead challenge that a browser still has as a cookie must not keep its user from signing in by passkey alone.
      const dead = error instanceof TwoFactorException && error.code === 'INVALID_TWO_FACTOR_COOKIE';
      if (!dead || !signIn || this.challenges.tokenOf(request.cookies) === undefined) throw error;
      return { options: await this.beginSignIn(request), headers: this.challenges.expiredCookie() };
    }
  }

  /** @throws {TwoFactorException} UNAUTHORIZED where passkeys do not sign in on their own */
  requireSignIn(): void {
    if (!this.requireOptions().signIn) throw new TwoFactorException('UNAUTHORIZED', { bearerError: '' });
  }

  private async beginProof(caller: Prover): Promise<AuthenticationOptionsResponse> {
    const { rpId } = this.requireOptions();
    const { accountId, challengeId, sessionId } = await this.challenges.identify(caller);
    const challenge = this.random.bytes(CHALLENGE_BYTES);
    const values = { ceremonyHash: ceremonyHash(challenge), rpId, accountId, challengeId, sessionId };
    const [begun] = await this.database.query(BEGIN_AUTHENTICATION, values);
    const credentials = begun?.credentials ?? [];
    if (credentials.length === 0) throw new TwoFactorException(PASSKEY_NOT_FOUND);
    return requestOptions(challenge, rpId, credentials);
  }

  private async beginSignIn(request: IncomingRequest): Promise<AuthenticationOptionsResponse> {
    this.requireSignIn();
    const { rpId, expectedOrigins } = this.requireOptions();
    // Browsers leave it out where the page and the API have one origin.
    const origin = headerOf(request, 'origin') ?? null;
    if (origin !== null && !expectedOrigins.includes(origin)) throw new TwoFactorException('INVALID_ORIGIN');
    const challenge = this.random.bytes(CHALLENGE_BYTES);
    await this.database.query(BEGIN_SIGN_IN, { ceremonyHash: ceremonyHash(challenge), origin });
    return requestOptions(challenge, rpId);
  }
}

function requestOptions(
  challenge: Buffer,
  rpId: string,
  credentials?: readonly KnownCredential[],
): AuthenticationOptionsResponse {
  return {
    rpId,
    challenge: challenge.toString('base64url'),
    timeout: CEREMONY_LIFE * 1000,
    userVerification: 'preferred',
    ...(credentials && { allowCredentials: credentials.map(descriptor) }),
  };
}

function descriptor({ id, transports }: KnownCredential) {
  return { id, type: 'public-key', transports: [...transports] };
}
