import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { UserView } from '../ports/account-directory.js';
import type { IncomingRequest } from '../ports/incoming-request.js';
import {
  SessionGateway,
  type IssuedSession,
  type SessionCarrier,
  type SessionGrant,
  type SessionIdentity,
  type SessionRenewal,
} from '../ports/session-gateway.js';

const PREFIX = 'session_';
const LIFE_MS = 8 * 3_600_000;

interface Kept extends SessionIdentity {
  readonly token: string;
}

/** Sessions in memory, by bearer token: they set no cookie. Never for anything but tests. */
@Injectable()
export class FakeSessions extends SessionGateway {
  override readonly transactional = false;

  /** The live ones. */
  readonly live: Kept[] = [];

  override async identify(_: IncomingRequest, carrier: SessionCarrier): Promise<SessionIdentity | null> {
    if (carrier.carrier !== 'authorization') return null;
    return this.live.find(({ token }) => token === carrier.token) ?? null;
  }

  override async issue({ accountId, secondFactor, amr, trustedDeviceId }: SessionGrant): Promise<IssuedSession> {
    const signedInAt = new Date();
    const secondFactorAt = secondFactor === null ? null : signedInAt;
    const proofs = { secondFactorAt, amr: ['pwd', ...amr], signedInAt };
    return this.keep({ sessionId: randomUUID(), accountId, trustedDeviceId, ...proofs });
  }

  override async renew(renewal: SessionRenewal): Promise<IssuedSession | null> {
    const { session, secondFactor, amr, trustedDeviceId, endOthers } = renewal;
    const found = this.live.find(({ sessionId }) => sessionId === session.sessionId);
    if (!found) return null;
    this.drop((kept) => kept === found || (endOthers && kept.accountId === found.accountId));
    return this.keep({
      ...found,
      ...(secondFactor !== null && { secondFactorAt: new Date(), amr: ['pwd', ...amr] }),
      trustedDeviceId: trustedDeviceId ?? found.trustedDeviceId,
    });
  }

  override async holds(session: SessionIdentity): Promise<boolean> {
    return this.live.some((kept) => kept === session);
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
    this.live.splice(0, this.live.length, ...this.live.filter((kept) => !matches(kept)));
  }

  private keep(session: SessionIdentity): IssuedSession {
    const { sessionId, accountId } = session;
    const token = `${PREFIX}${randomUUID()}`;
    this.live.push({ ...session, token });
    const createdAt = new Date();
    return {
      token,
      sessionId,
      session: { token, userId: accountId, createdAt, expiresAt: new Date(createdAt.getTime() + LIFE_MS) },
      user: fakeUser(accountId),
      headers: [],
    };
  }
}

function fakeUser(id: string): UserView {
  return {
    id,
    email: `${id}@test.example`,
    emailVerified: true,
    name: id,
    image: null,
    twoFactorEnabled: false,
    createdAt: new Date(0),
    updatedAt: new Date(0),
  };
}
