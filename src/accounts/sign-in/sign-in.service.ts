import { Injectable } from '@nestjs/common';
import {
  Database,
  type HeaderLines,
  type HttpExchange,
  type IncomingRequest,
  type IssuedSession,
  originOf,
  EventLog,
  type SecurityEventName,
  TwoFactorException,
  TwoFactorService,
} from '../../two-factor/index.js';
import { AccountsException } from '../accounts.errors.js';
import { hashCaller } from '../passwords/hash-queue.js';
import { AccountUrls } from '../links/account-urls.js';
import { type PasswordGuess, PasswordGuesses } from '../passwords/password-guesses.service.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { requireGoodPassword } from '../passwords/password-policy.js';
import { SessionCookie } from '../sessions/session-cookie.js';
import { SessionList } from '../sessions/session-list.js';
import { parseEmailAddress } from '../users/email-address.js';
import { type Credentials, Users } from '../users/users.js';
import type { SignInResponse, SignInRequest, SignUpResponse, SignUpRequest } from './sign-in.dto.js';

/** Checks the first factor. The library decides whether that opens a session. */
@Injectable()
export class SignInService {
  constructor(
    private readonly database: Database,
    private readonly users: Users,
    private readonly hasher: PasswordHasher,
    private readonly guesses: PasswordGuesses,
    private readonly twoFactor: TwoFactorService,
    private readonly sessions: SessionList,
    private readonly cookie: SessionCookie,
    private readonly urls: AccountUrls,
    private readonly events: EventLog,
  ) {}

  /**
   * Creates an account and its first session in one transaction.
   *
   * @throws {AccountsException} PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_CALLBACK_URL,
   *   USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL
   * @throws {TwoFactorException} SERVICE_UNAVAILABLE when too many passwords wait to be hashed
   */
  async signUp(body: SignUpRequest, exchange: HttpExchange): Promise<SignUpResponse> {
    const email = requireEmailAddress(body.email);
    requireGoodPassword(body.password, 'password');
    this.urls.callback(body.callbackURL);
    // Hashes before the transaction: a connection must not wait for bcrypt.
    const passwordHash = await this.hasher.hash(body.password, hashCaller(exchange.request));
    const { issued, headers } = await this.database.transaction(async (transaction) => {
      const newUser = { email, name: body.name, image: body.image ?? null, passwordHash };
      const accountId = await this.users.create(newUser, transaction);
      if (accountId === null) throw new AccountsException('USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL');
      const context = { rememberMe: body.rememberMe !== false };
      const result = await this.twoFactor.signIn({ accountId, context, request: exchange.request, transaction });
      if (result.kind !== 'session') throw new Error('An account cannot have a second factor before it exists');
      return result;
    });
    this.tell('sign-in.succeeded', issued.user.id, exchange, issued);
    await this.deliver(headers, exchange);
    return { token: exchange.tokenInBody(issued), user: issued.user };
  }

  /**
   * A wrong password and an unknown address get equal bytes and cost equal work [ASVS 6.3.8].
   *
   * @throws {AccountsException} INVALID_EMAIL, INVALID_CALLBACK_URL, INVALID_EMAIL_OR_PASSWORD
   * @throws {TwoFactorException} TOO_MANY_REQUESTS; SERVICE_UNAVAILABLE when too many passwords wait to be hashed
   */
  async signIn(body: SignInRequest, exchange: HttpExchange): Promise<SignInResponse> {
    const email = requireEmailAddress(body.email);
    const url = this.urls.callback(body.callbackURL);
    const credentials = await this.requirePassword(email, body.password, exchange);
    await this.keepCost(credentials, body.password, exchange.request);
    const result = await this.twoFactor.signIn({
      accountId: credentials.userId,
      context: { rememberMe: body.rememberMe !== false, passwordVersion: credentials.passwordVersion },
      request: exchange.request,
    });
    if (result.kind === 'session') {
      this.tell('sign-in.succeeded', credentials.userId, exchange, result.issued);
      await this.deliver(result.headers, exchange);
      const { issued, trustedDeviceToken } = result;
      if (url !== null) exchange.setHeaders([['location', url]]);
      return {
        redirect: url !== null,
        ...(url !== null && { url }),
        token: exchange.tokenInBody(issued),
        ...(trustedDeviceToken && { trustedDeviceToken }),
        user: issued.user,
      };
    }
    await this.deliver([['set-cookie', this.cookie.expired()], ...result.headers], exchange);
    return result.body;
  }

  private async requirePassword(email: string, password: string, exchange: HttpExchange): Promise<Credentials> {
    // Cached: several steps need the device, and each lookup is a statement.
    let found: Promise<Credentials | null> | undefined;
    const find = () => (found ??= this.users.credentialsByEmail(email));
    try {
      const right = await this.guesses.evaluate(password, this.guessAt(email, exchange.request, find), find);
      if (right) return right;
    } catch (error) {
      const throttled = error instanceof TwoFactorException && error.code === 'TOO_MANY_REQUESTS';
      if (throttled) this.tell('sign-in.throttled', null, exchange);
      throw error;
    }
    // Omits the typed address: people type passwords into the wrong field.
    const known = await find();
    this.tell('sign-in.failed', known?.userId ?? null, exchange);
    throw new AccountsException('INVALID_EMAIL_OR_PASSWORD');
  }

  private tell(
    name: SecurityEventName,
    accountId: string | null,
    { request }: HttpExchange,
    session?: IssuedSession,
  ): void {
    this.events.emit({ name, accountId, ...originOf(request, session) });
  }

  private guessAt(address: string, request: IncomingRequest, find: () => Promise<Credentials | null>): PasswordGuess {
    return {
      address,
      ip: request.ip,
      abandoned: request.abandoned,
      trustedDevice: async () => {
        if (!this.twoFactor.presentsDevice(request)) return null;
        const credentials = await find();
        // For an unknown address the same query runs with an id that no account has.
        return this.twoFactor.trustedDevice(credentials?.userId ?? '', request);
      },
    };
  }

  /** A correct password is the only opportunity to rehash it after the cost was raised. */
  private async keepCost(credentials: Credentials, password: string, request: IncomingRequest): Promise<void> {
    if (!this.hasher.isOutdated(credentials.passwordHash)) return;
    try {
      const anew = await this.hasher.hash(password, hashCaller(request, credentials.userId));
      await this.users.rehash(credentials, anew);
    } catch (error) {
      // The queue is full. The password was correct, so the sign-in continues, and the next one tries to rehash again.
      if (!(error instanceof TwoFactorException)) throw error;
    }
  }

  /** Ends the session that the browser already had [ASVS 7.2.4]: its cookie is overwritten or expired. */
  private async deliver(headers: HeaderLines, exchange: HttpExchange): Promise<void> {
    await this.sessions.endCookieBorne(exchange.request);
    exchange.setHeaders(headers);
  }
}

function requireEmailAddress(text: string): string {
  const email = parseEmailAddress(text);
  if (email === null) throw new AccountsException('INVALID_EMAIL');
  return email;
}
