import { setTimeout as sleep } from 'node:timers/promises';
import type { TestService } from './service.js';

/** Moves the budgets of notices, and the notices that wait for them, into the past. */
export async function passHours(service: Pick<TestService, 'query'>, hours: number): Promise<void> {
  await service.query(`UPDATE two_factor_notice_budget SET full_at = full_at - make_interval(hours => $1)`, [hours]);
  await service.query(
    `UPDATE two_factor_pending_notice SET
       since = since - make_interval(hours => $1), due_at = due_at - make_interval(hours => $1)`,
    [hours],
  );
}

/** Marks the address of an account as verified. */
export async function verifyAddress(service: Pick<TestService, 'query'>, accountId: string): Promise<void> {
  await service.query(`UPDATE users SET email_verified = true WHERE id = $1`, [accountId]);
}

/** Waits until all queued messages are sent. */
export async function delivered(service: Pick<TestService, 'query'>): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(20)) {
    const waiting = await service.query(`SELECT FROM two_factor_outbox LIMIT 1`);
    if (waiting.length === 0) return;
  }
  throw new Error('Messages are still waiting');
}

/** @returns the subjects of all notices to an address, in order of arrival */
export async function noticesTo(
  service: Pick<TestService, 'query' | 'messages'>,
  { email }: { readonly email: string },
): Promise<string[]> {
  await delivered(service);
  const mails = service.messages.mailsTo(email).filter(({ text }) => !/^\d{6}$/m.test(text));
  return mails.map(({ subject }) => subject);
}
