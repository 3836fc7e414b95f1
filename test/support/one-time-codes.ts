import { Caller, PASSWORD, signUp, type EnrolledOwner, type Owner } from './client.js';
import type { TestService } from './service.js';

/** Asks for a code, and does not care how that goes. */
export function sendOtp(service: Pick<TestService, 'url'>, bearer: string, body: object = {}) {
  return new Caller(service).post<{ code?: string; channel?: string; destination?: string }>(
    '/two-factor/send-otp',
    body,
    bearer,
  );
}

export function verifyOtp(service: Pick<TestService, 'url'>, bearer: string, code: unknown) {
  return new Caller(service).post('/two-factor/verify-otp', { code }, bearer);
}

/** Lets the cool-down of everything that was sent pass, as time would. */
export async function coolDown(service: TestService, { id }: Pick<Owner, 'id'>): Promise<void> {
  await service.query(
    `UPDATE two_factor_one_time_code SET last_sent_at = last_sent_at - interval '31 seconds' WHERE account_id = $1`,
    [id],
  );
}

/** Signs up and turns mailed codes on, and nothing else: one mail with a code was sent. */
export async function enrolByMail(service: TestService): Promise<Omit<EnrolledOwner, 'app'>> {
  const owner = await signUp(service);
  const enable = { password: PASSWORD, method: 'otp' };
  const staged = await new Caller(service).post('/two-factor/enable', enable, owner.token);
  await sendOtp(service, owner.token);
  const confirmed = await verifyOtp(service, owner.token, await service.messages.codeMailedTo(owner.email));
  if (confirmed.status !== 200) throw new Error(`Confirming answered ${confirmed.status}`);
  return { ...owner, token: confirmed.body.token, backupCodes: staged.body.backupCodes };
}

/** Six digits that are not those. */
export function otherCode(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0');
}
