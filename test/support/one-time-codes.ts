import { Caller, PASSWORD, signUp, type EnrolledOwner, type Owner } from './client.js';
import type { TestService } from './service.js';
import type { TimedService } from './time.js';

/** Requests a code. The caller checks the response. */
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

/** Moves the cool-downs of an account and of all its sent codes into the past. */
export async function coolDown(service: Pick<TestService, 'query'>, { id }: Pick<Owner, 'id'>): Promise<void> {
  await service.query(
    `WITH codes AS (
       UPDATE two_factor_one_time_code SET last_sent_at = last_sent_at - interval '31 seconds' WHERE account_id = $1
     )
     DELETE FROM two_factor_send_budget WHERE bucket = 'cool-down:' || $1`,
    [id],
  );
}

/** Leaves a number of sends in a budget. With 0 the next send is possible in half an hour. */
export async function leaveSends(service: Pick<TestService, 'query'>, bucket: string, left: number): Promise<void> {
  await service.query(
    `INSERT INTO two_factor_send_budget (bucket, refilled_at)
     VALUES ($1, now() + make_interval(mins => 60 * (10 - $2::integer) - 30))
     ON CONFLICT (bucket) DO UPDATE SET refilled_at = excluded.refilled_at`,
    [bucket, left],
  );
}

/** Signs up and turns on mailed codes only. One mail with a code was sent then. */
export async function enrolByMail(service: TestService | TimedService): Promise<Omit<EnrolledOwner, 'app'>> {
  const owner = await signUp(service);
  const enable = { password: PASSWORD, method: 'otp' };
  const staged = await new Caller(service).post('/two-factor/enable', enable, owner.token);
  await sendOtp(service, owner.token);
  if ('deliver' in service) await service.deliver();
  const confirmed = await verifyOtp(service, owner.token, await service.messages.codeMailedTo(owner.email));
  if (confirmed.status !== 200) throw new Error(`Confirming answered ${confirmed.status}`);
  return { ...owner, token: confirmed.body.token, backupCodes: staged.body.backupCodes };
}

/** @returns six digits that differ from the code */
export function otherCode(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0');
}
