import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../credentials/caller.js';
import { cookieName, expiredCookie, serializeCookie } from '../credentials/cookies.js';
import type { HeaderLines } from '../credentials/http-exchange.js';
import { isToken, newToken, tokenHash } from '../credentials/tokens.js';
import { Channels } from '../messages/channels.js';
import type { Channel } from '../messages/message.js';
import { Random } from '../ports/random.js';
import type { SignInContext } from '../ports/session-gateway.js';
import type { Transaction } from '../ports/transaction.js';
import { Database } from '../postgres/database.js';
import { statement } from '../postgres/statement.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';

const TOKEN_PREFIX = 'tfc_';
const COOKIE = 'two_factor';

const OPEN = statement(
  'open_challenge',
  `WITH usable AS (
     SELECT
       EXISTS (SELECT FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NOT NULL) AS totp,
       ARRAY(SELECT channel FROM two_factor_otp_method WHERE account_id = $1 AND confirmed_at IS NOT NULL) AS channels
   ), swept AS (
     DELETE FROM two_factor_challenge WHERE account_id = $1 AND expires_at <= now()
   ), opened AS (
     INSERT INTO two_factor_challenge (id, token_hash, account_id, context, expires_at)
     SELECT $2, $3, $1, $4, now() + make_interval(secs => $5) FROM usable WHERE totp OR channels <> '{}'
     RETURNING id
   )
   SELECT usable.totp, usable.channels FROM opened, usable`,
);
const ACCOUNT_OF = statement(
  'account_of_challenge',
  `SELECT account_id AS "accountId" FROM two_factor_challenge
   WHERE token_hash = $1 AND expires_at > now() AND guesses <= $2`,
);
const BURN_ALL = statement('burn_challenges', `DELETE FROM two_factor_challenge WHERE account_id = $1`);

/** A method that can finish a challenge, as the official client spells it. */
export type TwoFactorMethod = 'totp' | 'otp';

/** The confirmed factors of an account. */
interface UsableFactors {
  readonly totp: boolean;
  readonly channels: readonly Channel[];
}

/** A challenge just opened. */
export interface OpenedChallenge {
  readonly token: string;
  /** What the account can really use now, the preferred one first. */
  readonly methods: readonly TwoFactorMethod[];
  readonly headers: HeaderLines;
}

/** Pending sign-ins: opened after the first factor, burnt by the second. */
@Injectable()
export class ChallengeService {
  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly options: TwoFactorOptions,
    private readonly channels: Channels,
  ) {}

  /** @returns null when the account has two-factor off, in the one statement that would have opened a challenge */
  async open(accountId: string, context: SignInContext, transaction?: Transaction): Promise<OpenedChallenge | null> {
    const { challengeLife, secureCookies } = this.options;
    const token = newToken(this.random, TOKEN_PREFIX);
    const values = [accountId, randomUUID(), tokenHash(token), context, challengeLife];
    const [usable] = await (transaction ?? this.database).query<UsableFactors>(OPEN, values);
    if (!usable) return null;
    const cookie = serializeCookie(COOKIE, token, { secure: secureCookies, maxAge: challengeLife });
    return { token, methods: this.methodsOf(usable), headers: [['set-cookie', cookie]] };
  }

  /** An authenticator app first: it needs no network, and nobody in between. */
  private methodsOf({ totp, channels }: UsableFactors): readonly TwoFactorMethod[] {
    const mailFallback = totp && this.options.mailFallback && this.channels.has('mail');
    const otp = mailFallback || channels.some((channel) => this.channels.has(channel));
    return [...(totp ? ['totp' as const] : []), ...(otp ? ['otp' as const] : [])];
  }

  /** @returns the account of a live challenge, or null */
  async accountOf(hash: Buffer): Promise<string | null> {
    const values = [hash, this.options.challengeGuesses];
    const [row] = await this.database.query<{ accountId: string }>(ACCOUNT_OF, values);
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

  /** Burns all open challenges of an account whose first factor changed. */
  async burnAll(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(BURN_ALL, [accountId]);
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
