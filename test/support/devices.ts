import { Caller, openChallenge, PASSWORD, type EnrolledOwner } from './client.js';
import type { TestService } from './service.js';

/** A device as the list shows it. */
export interface DeviceBody {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
  readonly ipAddress: string | null;
  readonly current: boolean;
}

/** A program without cookies whose device an owner trusts. */
export interface TrustedProgram {
  /** Of a strong session. */
  readonly session: string;
  readonly device: string;
}

/** Signs in with a code and has the device trusted. */
export async function trust(
  service: TestService,
  owner: EnrolledOwner,
  headers: Record<string, string> = {},
): Promise<TrustedProgram> {
  const challenge = await openChallenge(service, owner);
  const { status, body } = await new Caller(service).post(
    '/two-factor/verify-totp',
    { code: owner.app.nextCode(), trustDevice: true },
    challenge,
    headers,
  );
  if (status !== 200) throw new Error(`Verifying answered ${status}`);
  return { session: body.token, device: body.trustedDeviceToken };
}

/** Signs in as a program that sends a device token, or none. */
export function signIn(service: Pick<TestService, 'url'>, email: string, device?: string, password = PASSWORD) {
  const headers: Record<string, string> = device === undefined ? {} : { 'x-trusted-device': device };
  return new Caller(service).post('/sign-in/email', { email, password }, undefined, headers);
}

/** Lets time pass for the devices of an account, as Postgres sees it. */
export async function passDays(service: TestService, accountId: string, days: number): Promise<void> {
  await passSeconds(service, accountId, days * 86_400);
}

export async function passSeconds(service: TestService, accountId: string, seconds: number): Promise<void> {
  await service.query(
    `UPDATE two_factor_trusted_device SET
       created_at = created_at - t.passed, last_used_at = last_used_at - t.passed, expires_at = expires_at - t.passed,
       absolute_expires_at = absolute_expires_at - t.passed,
       rotated_at = ARRAY(SELECT r - t.passed FROM unnest(rotated_at) WITH ORDINALITY AS u (r, n) ORDER BY n)
     FROM (SELECT make_interval(secs => $2) AS passed) t WHERE account_id = $1`,
    [accountId, seconds],
  );
}
