import { Caller, openChallenge, PASSWORD, type EnrolledOwner } from './client.js';
import type { TestService } from './service.js';

/** A device in the response of the list of devices. */
export interface DeviceBody {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
  readonly ipAddress: string | null;
  readonly current: boolean;
}

/** A program without cookies whose device the owner trusts. */
export interface TrustedProgram {
  /** Token of a strong session. */
  readonly session: string;
  readonly device: string;
}

/** Signs in with a code and trusts the device. */
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

/** Signs in as a program, with or without a device token. */
export function signIn(service: Pick<TestService, 'url'>, email: string, device?: string, password = PASSWORD) {
  const headers: Record<string, string> = device === undefined ? {} : { 'x-trusted-device': device };
  return new Caller(service).post('/sign-in/email', { email, password }, undefined, headers);
}

/** Moves the devices of an account into the past, as Postgres sees them. */
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
