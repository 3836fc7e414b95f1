import { Injectable, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ChallengeService } from '../challenge/challenge.service.js';
import { SessionGateway, type SessionCarrier, type SessionIdentity } from '../ports/session-gateway.js';
import { bearerChallenge, TwoFactorException } from '../two-factor.errors.js';
import type { Acceptance, Caller, LeavingCaller } from '../challenge/caller.js';
import { bearerTokenOf } from './bearer.strategy.js';
import { CredentialSource } from './credential-source.js';
import type { GuardedCall } from './guarded-call.js';
import { HttpExchange } from './http-exchange.js';
import { OriginPolicy } from './origin-policy.js';
import { tokenHash } from '../tokens/tokens.js';

const ANONYMOUS: Caller = { kind: 'anonymous' };

const ANONYMOUS_TOO: ReadonlySet<Acceptance> = new Set(['optional-session', 'anyone']);
const CHALLENGES_TOO: ReadonlySet<Acceptance> = new Set(['session-or-challenge', 'anyone']);

/**
 * Finds the caller of a request: a session or a challenge, as bearer token or as cookie.
 */
@Injectable()
export class CredentialResolver {
  constructor(
    private readonly sessions: SessionGateway,
    private readonly challenges: ChallengeService,
    private readonly origins: OriginPolicy,
    private readonly source: CredentialSource,
    private readonly host: HttpAdapterHost,
  ) {}

  /**
   * Finds the caller of a GraphQL operation or of a message, by what CredentialSource finds there.
   *
   * @throws {TwoFactorException} as `resolve`
   */
  async resolveMessage(context: ExecutionContext, accepts: Acceptance): Promise<GuardedCall> {
    const exchange = HttpExchange.ofMessage((await this.source.find(context)) ?? { headers: {} }, this.host);
    return { exchange, caller: await this.resolve(exchange, bearerTokenOf(exchange.request.headers), accepts) };
  }

  /**
   * @param bearer the token of the `Authorization` header, if it carries one
   * @throws {TwoFactorException} INVALID_ORIGIN, UNAUTHORIZED or CONTRADICTING_CREDENTIALS
   */
  async resolve(exchange: HttpExchange, bearer: string | undefined, accepts: Acceptance): Promise<Caller> {
    if (accepts === 'sign-out') return this.leaving(exchange, bearer);
    if (bearer === undefined) {
      this.origins.check(exchange);
      const caller = await this.byCookie(exchange, accepts);
      if (caller) return found(exchange, 'cookie', caller);
      if (ANONYMOUS_TOO.has(accepts)) return ANONYMOUS;
      throw new TwoFactorException('UNAUTHORIZED', { bearerError: '' });
    }
    const byHeader = await this.byBearer(exchange, bearer, accepts);
    const byCookie = Object.keys(exchange.request.cookies).length > 0 ? await this.byCookie(exchange, accepts) : null;
    if (byCookie) return this.agreeing(exchange, byHeader, byCookie);
    if (byHeader) return found(exchange, 'authorization', byHeader);
    if (ANONYMOUS_TOO.has(accepts)) {
      tellDeadBearer(exchange);
      return ANONYMOUS;
    }
    throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
  }

  /** Two live credentials must be of one account; then the header's counts. */
  private async agreeing(exchange: HttpExchange, byHeader: Caller | null, byCookie: Caller): Promise<Caller> {
    const [one, other] = await Promise.all([this.accountOf(byHeader), this.accountOf(byCookie)]);
    if (byHeader === null || one === null) {
      // The dead bearer is ignored, and with it goes the proof that no other site sent this.
      this.origins.check(exchange);
      tellDeadBearer(exchange);
      return found(exchange, 'cookie', byCookie);
    }
    if (other !== null && one !== other) {
      throw new TwoFactorException('CONTRADICTING_CREDENTIALS', { bearerError: 'invalid_request' });
    }
    return found(exchange, 'authorization', byHeader);
  }

  /** Signing out ends every credential of the request, so contradicting ones are no fault here. */
  private async leaving(exchange: HttpExchange, bearer: string | undefined): Promise<LeavingCaller> {
    const { request } = exchange;
    const byHeader = bearer === undefined ? null : await this.byBearer(exchange, bearer, 'session-or-challenge');
    // Only a live bearer token proves that no other site sent the cookies.
    if ((await this.accountOf(byHeader)) === null) {
      this.origins.check(exchange);
      if (bearer !== undefined) tellDeadBearer(exchange);
    }
    const byCookie = await this.sessions.identify(request, { carrier: 'cookie' });
    const challenge = this.challenges.tokenOf(request.cookies);
    const sessions = new Map<string, SessionIdentity>();
    for (const session of [byHeader?.kind === 'session' ? byHeader.session : null, byCookie]) {
      if (session) sessions.set(session.sessionId, session);
    }
    const challenges = [
      ...(byHeader?.kind === 'challenge' ? [byHeader.tokenHash] : []),
      ...(challenge === undefined ? [] : [tokenHash(challenge)]),
    ];
    return { kind: 'leaving', sessions: [...sessions.values()], challenges };
  }

  private async byBearer(exchange: HttpExchange, token: string, accepts: Acceptance): Promise<Caller | null> {
    if (this.challenges.isToken(token)) {
      return CHALLENGES_TOO.has(accepts) ? { kind: 'challenge', tokenHash: tokenHash(token), replaces: null } : null;
    }
    return asCaller(await this.sessions.identify(exchange.request, { carrier: 'authorization', token }));
  }

  private async byCookie(exchange: HttpExchange, accepts: Acceptance): Promise<Caller | null> {
    const session = await this.sessions.identify(exchange.request, { carrier: 'cookie' });
    const token = CHALLENGES_TOO.has(accepts) ? this.challenges.tokenOf(exchange.request.cookies) : undefined;
    if (token === undefined) return asCaller(session);
    const challenge: Caller = { kind: 'challenge', tokenHash: tokenHash(token), replaces: session };
    // Between cookies the challenge wins; but a dead one left behind must not shut out a live session.
    if (session && (await this.challenges.accountOf(challenge.tokenHash)) === null) return asCaller(session);
    return challenge;
  }

  private async accountOf(caller: Caller | null): Promise<string | null> {
    if (caller?.kind === 'session') return caller.session.accountId;
    return caller?.kind === 'challenge' ? this.challenges.accountOf(caller.tokenHash) : null;
  }
}

function found(exchange: HttpExchange, carrier: SessionCarrier['carrier'], caller: Caller): Caller {
  exchange.carrier = carrier;
  return caller;
}

/** The answer is that of the cookie, or of no credential: without this line the caller takes it for the token's. */
function tellDeadBearer(exchange: HttpExchange): void {
  exchange.setHeaders([bearerChallenge('invalid_token')]);
}

function asCaller(session: SessionIdentity | null): Caller | null {
  return session && { kind: 'session', session };
}
