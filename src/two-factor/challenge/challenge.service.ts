import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { FactorRegistry } from '../factor/factor-registry.js';
import { Factors } from '../factor/factors.js';
import type { HeaderLines, IncomingRequest } from '../ports/incoming-request.js';
import { Random } from '../ports/random.js';
import type { SignInContext } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';
import { cookieName, expiredCookie, serializeCookie } from '../tokens/cookies.js';
import { isToken, newToken, tokenHash } from '../tokens/tokens.js';
import { TrustedDevicesService } from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import type { Caller, Prover } from './caller.js';
import { queryFor, type CallerStatements } from './caller.statements.js';
import {
  ACCOUNT_OF_CHALLENGE,
  BURN_CHALLENGE,
  BURN_CHALLENGES,
  CONSUME_EXHAUSTED_CHALLENGE,
  IDENTIFY_CALLER,
  openChallenge,
  type IdentifiedCaller,
  type Opening,
} from './challenge.statements.js';

const TOKEN_PREFIX = 'tfc_';
const COOKIE = 'two_factor';

/** Name of a factor that can finish a challenge, as clients spell it: `totp`, `otp`, or one of the host's own. */
export type TwoFactorMethod = string;

/** A second factor is due. */
export interface OpenedChallenge {
  readonly kind: 'challenge';
  readonly token: string;
  /** What the account can really use now, the preferred one first. */
  readonly methods: readonly TwoFactorMethod[];
  readonly headers: HeaderLines;
  /** The device of which a copied token came: it is trusted no more. Null for none. */
  readonly reused: string | null;
}

/** The request comes from a trusted device. */
export interface RecognisedDevice {
  readonly kind: 'trusted';
  readonly deviceId: string;
  /** Its next token; undefined when it already got one, a moment ago. */
  readonly token: string | undefined;
  readonly headers: HeaderLines;
}

/** What a right first factor leads to. */
export type Gate = OpenedChallenge | RecognisedDevice | { readonly kind: 'off' };

/** Pending sign-ins: opened after the first factor, burnt by the second. */
@Injectable()
export class ChallengeService {
  private readonly openChallenge: ReturnType<typeof openChallenge>;

  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly options: TwoFactorOptions,
    private readonly factors: Factors,
    private readonly devices: TrustedDevicesService,
    registry: FactorRegistry,
  ) {
    this.openChallenge = openChallenge(registry);
  }

  /**
   * Finds out, and writes down, what a right first factor leads to, in one statement.
   *
   * @param transaction where a trusted device came along and a session is to be opened with it
   */
  async open(
    accountId: string,
    context: SignInContext,
    request: IncomingRequest,
    transaction?: Transaction,
  ): Promise<Gate> {
    const { challengeLife, deviceLife, secureCookies } = this.options;
    const token = newToken(this.random, TOKEN_PREFIX);
    const presented = this.devices.presented(request);
    const next = presented && this.devices.next(presented);
    const [opening] = await (transaction ?? this.database).query(this.openChallenge, {
      accountId,
      id: randomUUID(),
      tokenHash: tokenHash(token),
      context,
      life: challengeLife,
      presentedHash: presented?.hash ?? null,
      familyHash: presented?.familyHash ?? null,
      nextHash: next?.hash ?? null,
      deviceLife,
      address: request.ip ?? null,
    });
    if (!opening) throw new Error('The gate must give an answer');
    if (opening.deviceId !== null) return this.recognised(opening.deviceId, opening, next?.text);
    if (!opening.on) return { kind: 'off' };
    const methods = this.factors.usable(opening.facts);
    const cookie = serializeCookie(COOKIE, token, { secure: secureCookies, maxAge: challengeLife });
    const headers: HeaderLines = [['set-cookie', cookie], ...this.devices.expiredCookie(request)];
    return { kind: 'challenge', token, methods, headers, reused: opening.reused };
  }

  private recognised(deviceId: string, { rotated, livesFor }: Opening, next: string | undefined): RecognisedDevice {
    const token = rotated ? next : undefined;
    const headers = token === undefined ? [] : this.devices.cookie(token, livesFor ?? 0);
    return { kind: 'trusted', deviceId, token, headers };
  }

  /** @returns the account of a live challenge, or null */
  async accountOf(hash: Buffer): Promise<string | null> {
    const allowed = this.options.challengeGuesses;
    const [row] = await this.database.query(ACCOUNT_OF_CHALLENGE, { tokenHash: hash, allowed });
    return row?.accountId ?? null;
  }

  /**
   * For answers that no guess comes before.
   *
   * @throws {TwoFactorException} INVALID_TWO_FACTOR_COOKIE when the caller's challenge is dead
   */
  async requireLive(caller: Caller): Promise<void> {
    if (caller.kind === 'challenge' && (await this.accountOf(caller.tokenHash)) === null) {
      throw deadChallenge();
    }
  }

  /**
   * Looks a caller up, for what is issued before an attempt: a code that is sent, a nonce that is signed.
   *
   * @throws {TwoFactorException} INVALID_TWO_FACTOR_COOKIE when the challenge is dead, TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE
   *   once when its guesses are used up
   */
  async identify(caller: Prover): Promise<IdentifiedCaller> {
    return this.lookUp(caller, IDENTIFY_CALLER);
  }

  /**
   * The same by a statement that brings back more, in one round trip.
   *
   * @param statements no row: the challenge is dead
   */
  async lookUp<Row extends Pick<IdentifiedCaller, 'challengeId' | 'exhausted'>>(
    caller: Prover,
    statements: CallerStatements<Row>,
  ): Promise<Row> {
    const allowed = this.options.challengeGuesses;
    const [found] = await queryFor(this.database, statements, caller, allowed, {});
    if (!found) throw deadChallenge();
    if (!found.exhausted) return found;
    const first = await this.database.query(CONSUME_EXHAUSTED_CHALLENGE, { challengeId: found.challengeId, allowed });
    throw first.length > 0 ? new TwoFactorException('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE') : deadChallenge();
  }

  /**
   * Burns all open challenges of an account, and lets nothing be verified until the transaction ends. Call it first in the
   * transaction.
   */
  async burnAll(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(BURN_CHALLENGES, { accountId });
  }

  /** Burns challenges whose sign-in is given up. One statement each: none waits for a lock while it holds another. */
  async burn(hashes: readonly Buffer[]): Promise<void> {
    for (const hash of hashes) await this.database.query(BURN_CHALLENGE, { tokenHash: hash });
  }

  isToken(text: string): boolean {
    return isToken(text, TOKEN_PREFIX);
  }

  /** @returns the challenge token among the cookies, if it has the shape of one */
  tokenOf(cookies: Readonly<Record<string, string | undefined>>): string | undefined {
    const token = cookies[cookieName(COOKIE, this.options.secureCookies)];
    return isToken(token, TOKEN_PREFIX) ? token : undefined;
  }

  /** Header lines that make a browser forget its challenge. */
  expiredCookie(): HeaderLines {
    return [['set-cookie', expiredCookie(COOKIE, this.options.secureCookies)]];
  }
}

/** Answers a challenge token that is dead, or never lived. */
export function deadChallenge(): TwoFactorException {
  return new TwoFactorException('INVALID_TWO_FACTOR_COOKIE', { bearerError: 'invalid_token' });
}
