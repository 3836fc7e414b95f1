import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  isToken,
  newToken,
  serializeCookie,
  SessionGateway,
  SystemRandom,
  tokenHash,
  type IncomingRequest,
  type IssuedSession,
  type SessionCarrier,
  type SessionGrant,
  type SessionIdentity,
  type SessionRenewal,
} from '../../../../src/two-factor/index.js';
import { Employees, toView } from './employees.js';

const PREFIX = 'acme_';
const COOKIE = 'acme_session';
const LIFE = { long: 8 * 3600, short: 3600 };

/** A session, with the members that Acme's own routes read. */
export interface AcmeSession extends SessionIdentity {
  readonly desk: string;
}

interface Kept extends AcmeSession {
  /** Hash of the current token. */
  readonly key: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Sessions outside the library's tables. Acme keeps them in memory, where another host would use Redis. */
@Injectable()
export class AcmeSessions extends SessionGateway {
  override readonly transactional: boolean = false;

  private readonly byHash = new Map<string, Kept>();
  private readonly random = new SystemRandom();

  constructor(private readonly employees: Employees) {
    super();
  }

  override async identify(request: IncomingRequest, carrier: SessionCarrier): Promise<AcmeSession | null> {
    const token = carrier.carrier === 'authorization' ? carrier.token : request.cookies[COOKIE];
    const kept = isToken(token, PREFIX) ? this.byHash.get(keyOf(token)) : undefined;
    return kept && kept.expiresAt > new Date() ? kept : null;
  }

  override async issue(grant: SessionGrant): Promise<IssuedSession> {
    const { accountId, secondFactor, amr, trustedDeviceId, context } = grant;
    const life = context['remember'] === true ? LIFE.long : LIFE.short;
    return this.keep({
      sessionId: randomUUID(),
      accountId,
      secondFactorAt: secondFactor === null ? null : new Date(),
      trustedDeviceId,
      amr: ['pwd', ...amr],
      signedInAt: new Date(),
      desk: String(context['desk'] ?? 'unknown'),
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + life * 1000),
    });
  }

  override async renew({
    session,
    secondFactor,
    amr,
    trustedDeviceId,
    endOthers,
  }: SessionRenewal): Promise<IssuedSession | null> {
    const entry = [...this.byHash].find(([, { sessionId }]) => sessionId === session.sessionId);
    if (!entry) return null;
    const [key, kept] = entry;
    this.byHash.delete(key);
    if (endOthers) this.drop((other) => other.accountId === kept.accountId);
    return this.keep({
      ...kept,
      ...(secondFactor && { secondFactorAt: new Date(), amr: ['pwd', ...amr] }),
      ...(trustedDeviceId !== null && { trustedDeviceId }),
    });
  }

  override async holds(session: SessionIdentity): Promise<boolean> {
    const { key } = session as Kept;
    return this.byHash.get(key)?.sessionId === session.sessionId;
  }

  override async end({ sessionId }: SessionIdentity): Promise<void> {
    this.drop((kept) => kept.sessionId === sessionId);
  }

  override async endAll(accountId: string): Promise<void> {
    this.drop((kept) => kept.accountId === accountId);
  }

  override async endDevice(accountId: string, trustedDeviceId: string): Promise<void> {
    this.drop((kept) => kept.accountId === accountId && kept.trustedDeviceId === trustedDeviceId);
  }

  private drop(matches: (kept: Kept) => boolean): void {
    for (const [key, kept] of this.byHash) if (matches(kept)) this.byHash.delete(key);
  }

  private async keep(kept: Omit<Kept, 'key'>): Promise<IssuedSession> {
    const { accountId, createdAt, expiresAt } = kept;
    const token = newToken(this.random, PREFIX);
    const key = keyOf(token);
    this.byHash.set(key, { ...kept, key });
    const employee = await this.employees.find(Number(accountId));
    if (!employee) throw new Error(`There is no employee ${accountId}`);
    return {
      token,
      sessionId: kept.sessionId,
      session: { token, userId: accountId, createdAt, expiresAt },
      user: toView(employee),
      headers: [
        ['set-cookie', serializeCookie(COOKIE, token, { secure: false })],
        ['x-acme-desk', kept.desk],
      ],
    };
  }
}

function keyOf(token: string): string {
  return tokenHash(token).toString('hex');
}
