import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Caller } from './caller.js';
import { cookieName, expiredCookie, serializeCookie } from '../tokens/cookies.js';
import type { HeaderLines } from '../routes/http-exchange.js';
import { isToken, newToken, tokenHash } from '../tokens/tokens.js';
import { Channels } from '../messages/channels.js';
import { Random } from '../ports/random.js';
import type { IncomingRequest, SignInContext } from '../ports/session-gateway.js';
import type { Transaction } from '../postgres/transaction.js';
import { Database } from '../postgres/database.js';
import { TrustedDevicesService } from '../trusted-devices/trusted-devices.service.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import {
  ACCOUNT_OF_CHALLENGE,
  BURN_CHALLENGE,
  BURN_CHALLENGES,
  OPEN_CHALLENGE,
  type Opening,
} from './challenge.statements.js';

const TOKEN_PREFIX = 'tfc_';
const COOKIE = 'two_factor';

/** A method that can finish a challenge, as the official client spells it. */
export type TwoFactorMethod = 'totp' | 'otp';

/** The confirmed factors of an account. */
export type ConfirmedFactors = Pick<Opening, 'totp' | 'channels'>;

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
  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly options: TwoFactorOptions,
    private readonly channels: Channels,
    private readonly devices: TrustedDevicesService,
  ) {}

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
    const values = [
      accountId,
      randomUUID(),
      tokenHash(token),
      context,
      challengeLife,
      presented?.hash ?? null,
      next?.hash ?? null,
      deviceLife,
      request.ip ?? null,
      presented?.familyHash ?? null,
    ];
    const [opening] = await (transaction ?? this.database).query<Opening>(OPEN_CHALLENGE, values);
    if (!opening) throw new Error('The gate must give an answer');
    if (opening.deviceId !== null) return this.recognised(opening.deviceId, opening, next?.text);
    if (!opening.totp && opening.channels.length === 0) return { kind: 'off' };
    const methods = this.methodsOf(opening);
    const cookie = serializeCookie(COOKIE, token, { secure: secureCookies, maxAge: challengeLife });
    const headers: HeaderLines = [['set-cookie', cookie], ...this.devices.expiredCookie(request)];
    return { kind: 'challenge', token, methods, headers, reused: opening.reused };
  }

  private recognised(deviceId: string, { rotated, livesFor }: Opening, next: string | undefined): RecognisedDevice {
    const token = rotated ? next : undefined;
    const headers = token === undefined ? [] : this.devices.cookie(token, livesFor ?? 0);
    return { kind: 'trusted', deviceId, token, headers };
  }

  /** An authenticator app first: it needs no network, and nobody in between. */
  methodsOf({ totp, channels }: ConfirmedFactors): readonly TwoFactorMethod[] {
    const mailFallback = totp && this.options.mailFallback && this.channels.has('mail');
    const otp = mailFallback || channels.some((channel) => this.channels.has(channel));
    return [...(totp ? ['totp' as const] : []), ...(otp ? ['otp' as const] : [])];
  }

  /** @returns the account of a live challenge, or null */
  async accountOf(hash: Buffer): Promise<string | null> {
    const values = [hash, this.options.challengeGuesses];
    const [row] = await this.database.query<{ accountId: string }>(ACCOUNT_OF_CHALLENGE, values);
    return row?.accountId ?? null;
  }

  /**
   * For answers that no guess comes before.
   *
   * @throws {TwoFactorException} INVALID_TWO_FACTOR_COOKIE when the caller's challenge is dead
   */
  async requireLive(caller: Caller): Promise<void> {
    if (caller.kind === 'challenge' && (await this.accountOf(caller.tokenHash)) === null) {
      throw new TwoFactorException('INVALID_TWO_FACTOR_COOKIE', { bearerError: 'invalid_token' });
    }
  }

  /**
   * Burns all open challenges of an account whose proofs lose their ground, and keeps others from proving anything until
   * the transaction ends. Comes first in it.
   */
  async burnAll(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(BURN_CHALLENGES, [accountId]);
  }

  /** Burns challenges whose sign-in is given up. One statement each: none waits for a lock while it holds another. */
  async burn(hashes: readonly Buffer[]): Promise<void> {
    for (const hash of hashes) await this.database.query(BURN_CHALLENGE, [hash]);
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
