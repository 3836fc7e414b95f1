import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller } from '../support/client.js';
import { delivered, passHours, verifyAddress } from '../support/notices.js';
import { Replicas } from '../support/replicas.js';
import { AccountSeeder, type SeededAccount } from '../support/seeded-account.js';

let replicas: Replicas;
let seeder: AccountSeeder;
beforeAll(async () => {
  replicas = await Replicas.start({ messages: true });
  seeder = new AccountSeeder(replicas.at(0));
});
afterAll(() => replicas.close());

/** Returns how many trusted devices all mails to an owner report together. */
async function toldTimes({ email }: SeededAccount): Promise<number> {
  await delivered(replicas.at(0));
  const mails = replicas.services.flatMap(({ messages }) => messages.mailsTo(email));
  return mails.reduce((sum, { subject, text }) => {
    if (!/trusted/.test(subject)) return sum;
    return sum + Number(/(\d+) devices/.exec(text)?.[1] ?? 1);
  }, 0);
}

describe('parallel verifications of one account that trust devices', () => {
  it('succeed, and each device is reported to the owner once', async () => {
    const account = await seeder.account();
    await verifyAddress(replicas.at(0), account.id);
    const challenges = await Promise.all(account.backupCodes.map(() => seeder.challenge(account.id)));
    const answers = await race(account.backupCodes.length, (index) =>
      new Caller(replicas.at(index)).post(
        '/two-factor/verify-backup-code',
        { code: account.backupCodes[index], trustDevice: true },
        challenges[index],
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(account.backupCodes.map(() => 200));
    // When two notices collided, both may have been delayed, and then for an hour after the first mail.
    for (let look = 0; look < 3; look++) {
      await Promise.all(replicas.services.map((service) => service.flushNotices()));
      await passHours(replicas.at(0), 1);
    }
    expect(await toldTimes(account)).toBe(account.backupCodes.length);
    const mails = replicas.services.flatMap(({ messages }) => messages.mailsTo(account.email));
    expect(mails.length).toBeLessThanOrEqual(2 * 3);
  });
});

describe('notices of accounts that share an address', () => {
  it('stay within the budget of the address', async () => {
    const accounts = await Promise.all(Array.from({ length: 8 }, () => seeder.account()));
    // Some hosts allow accounts to share an address. This service does not.
    await replicas.at(0).query('DROP INDEX users_email_key');
    await replicas
      .at(0)
      .query(`UPDATE users SET email = 'shared@example.com' WHERE id = ANY ($1::uuid[])`, [
        accounts.map(({ id }) => id),
      ]);
    const answers = await race(accounts.length, async (index) => {
      const account = accounts[index];
      if (!account) throw new Error('There is no such account');
      const body = { code: account.backupCodes[0], trustDevice: true };
      return new Caller(replicas.at(index)).post('/two-factor/verify-backup-code', body, account.session);
    });
    expect(answers.map(({ status }) => status)).toEqual(accounts.map(() => 200));
    await Promise.all(replicas.services.map((service) => service.flushNotices()));
    await delivered(replicas.at(0));
    const mails = replicas.services.flatMap(({ messages }) => messages.mailsTo('shared@example.com'));
    expect(mails.length).toBeGreaterThan(0);
    expect(mails.length).toBeLessThanOrEqual(3);
  });
});
