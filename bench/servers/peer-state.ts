import { createHmac } from 'node:crypto';
import { ScureBase32Plugin } from 'otplib';
import type { Pool } from 'pg';
import { codeOfStep, stepAt } from '../../src/two-factor/factors/totp/totp.js';
import { BATCH, callOf, type Endpoint } from '../endpoints.js';
import { LoadClient, type Call } from '../load.js';
import { PEER_SECRET, PEER_URL } from './peer-options.js';
import { PASSWORD } from './our-state.js';

/** Values of the one account that enrolled by HTTP: Better Auth does not bind them to the account, so all share them. */
interface Template {
  readonly passwordHash: string;
  /** Encrypted. */
  readonly secret: string;
  /** Encrypted. */
  readonly backupCodes: string;
  readonly backupCode: string;
  readonly secretBytes: Uint8Array;
}

const ENROLLED = `"twoFactorEnabled" = true`;

/** Rows of accounts in the tables of Better Auth, and calls that they allow. */
export class PeerState {
  private template: Template | undefined;
  private challenges = 0;
  private batches = 0;

  /** @param accounts how many have two-factor on */
  constructor(
    private readonly database: Pool,
    private readonly accounts: number,
  ) {}

  async seed(port: number): Promise<void> {
    const client = new LoadClient(port);
    this.template = await this.enrolTemplate(client);
    client.close();
    const { passwordHash, secret, backupCodes } = this.template;
    for (const [group, count] of [
      ['on', this.accounts],
      ['off', BATCH],
    ] as const) {
      await this.database.query(
        `INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt", "twoFactorEnabled")
         SELECT '${group}-' || n, 'Owner', '${group}' || n || '@example.com', false, now(), now(), ${group === 'on'}
         FROM generate_series(0, $1::int - 1) n`,
        [count],
      );
      await this.database.query(
        `INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
         SELECT id, id, 'credential', id, $1, now(), now() FROM "user" WHERE id LIKE '${group}-%'`,
        [passwordHash],
      );
    }
    await this.database.query(
      `INSERT INTO "twoFactor" (id, secret, "backupCodes", "userId", verified)
       SELECT id, $1, $2, id, true FROM "user" WHERE id LIKE 'on-%'`,
      [secret, backupCodes],
    );
    await this.openSessions('on', this.accounts);
    await this.database.query('VACUUM (ANALYZE)');
  }

  /** @see BenchServer.prepare */
  async prepare(endpoint: Endpoint, count: number): Promise<Call[]> {
    const off = endpoint === 'verify-totp-confirm' || endpoint === 'enable';
    const start = this.batches++ * BATCH;
    const numbers = Array.from({ length: count }, (_, n) => (off ? n : (start + n) % this.accounts));
    await this.database.query('TRUNCATE verification');
    await this.database.query(`DELETE FROM session WHERE id NOT LIKE 'on-%'`);
    await this.database.query(`UPDATE "twoFactor" SET "backupCodes" = $1 WHERE "backupCodes" <> $1`, [
      this.known.backupCodes,
    ]);
    if (off) await this.resetOff(endpoint);
    return this.callsOf(endpoint, numbers);
  }

  private async callsOf(endpoint: Endpoint, numbers: readonly number[]): Promise<Call[]> {
    const totp = { code: codeOfStep(this.known.secretBytes, stepAt(new Date())) };
    const onSession = (group: 'on' | 'off', body?: object) =>
      numbers.map((n) => callOf(endpoint, cookie('session_token', sessionToken(group, n)), body));
    switch (endpoint) {
      case 'get-session':
        return onSession('on');
      case 'verify-totp':
        return this.onChallenges(endpoint, numbers, totp);
      case 'verify-totp-confirm':
        return onSession('off', totp);
      case 'verify-otp': {
        const calls = await this.onChallenges(endpoint, numbers, { code: '123456' });
        await this.database.query(
          `INSERT INTO verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt")
           SELECT 'otp-' || id, '2fa-otp-' || identifier, '123456:0', "expiresAt", now(), now() FROM verification
           WHERE id LIKE 'challenge-%'`,
        );
        return calls;
      }
      case 'verify-backup-code':
        return this.onChallenges(endpoint, numbers, { code: this.known.backupCode });
      case 'send-otp':
        return this.onChallenges(endpoint, numbers, {});
      case 'sign-in':
        return numbers.map((n) => callOf(endpoint, origin, { email: `on${n}@example.com`, password: PASSWORD }));
      default:
        return onSession('off', { password: PASSWORD });
    }
  }

  /** Challenges as a sign-in opens them, each with its counter of attempts. */
  private async onChallenges(endpoint: Endpoint, numbers: readonly number[], body: object): Promise<Call[]> {
    const names = numbers.map(() => `2fa-${String(++this.challenges).padStart(20, '0')}`);
    await this.database.query(
      `INSERT INTO verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt")
       SELECT kind || '-' || s.name, CASE kind WHEN 'challenge' THEN s.name ELSE '2fa-attempts-' || s.name END,
         CASE kind WHEN 'challenge' THEN s.account ELSE '0' END, now() + interval '10 minutes', now(), now()
       FROM unnest($1::text[], $2::text[]) AS s (name, account), unnest(ARRAY['challenge', 'attempts']) AS kind`,
      [names, numbers.map((n) => `on-${n}`)],
    );
    return names.map((name) => callOf(endpoint, cookie('two_factor', name), body));
  }

  private async resetOff(endpoint: Endpoint): Promise<void> {
    await this.database.query(`DELETE FROM "twoFactor" WHERE "userId" LIKE 'off-%'`);
    await this.database.query(`UPDATE "user" SET "twoFactorEnabled" = false WHERE ${ENROLLED} AND id LIKE 'off-%'`);
    await this.openSessions('off', BATCH);
    if (endpoint !== 'verify-totp-confirm') return;
    await this.database.query(
      `INSERT INTO "twoFactor" (id, secret, "backupCodes", "userId", verified)
       SELECT id, $1, $2, id, false FROM "user" WHERE id LIKE 'off-%'`,
      [this.known.secret, this.known.backupCodes],
    );
  }

  private async openSessions(group: 'on' | 'off', count: number): Promise<void> {
    await this.database.query(
      `INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
       SELECT '${group}-' || n, lpad('${group}-' || n, 32, '0'), '${group}-' || n, now() + interval '7 days', now(), now()
       FROM generate_series(0, $1::int - 1) n`,
      [count],
    );
  }

  private async enrolTemplate(client: LoadClient): Promise<Template> {
    const body = { email: 'template@example.com', name: 'Owner', password: PASSWORD };
    const send = async (path: string, headers: Call['headers'], content: object) =>
      JSON.parse(
        await client.send({ method: 'POST', path: `/api/auth${path}`, headers, body: JSON.stringify(content) }),
      ) as Record<'token' | 'totpURI', string> & { backupCodes: readonly string[] };
    const { token } = await send('/sign-up/email', origin, body);
    const { totpURI, backupCodes } = await send('/two-factor/enable', cookie('session_token', token), {
      password: PASSWORD,
    });
    const { rows } = await this.database.query<Pick<Template, 'passwordHash' | 'secret' | 'backupCodes'>>(
      `SELECT a.password AS "passwordHash", t.secret, t."backupCodes"
       FROM account a JOIN "twoFactor" t ON t."userId" = a."userId"`,
    );
    const [stored] = rows;
    if (!stored) throw new Error('Better Auth stored no factor');
    const text = new URL(totpURI).searchParams.get('secret') ?? '';
    return { ...stored, backupCode: backupCodes[0] ?? '', secretBytes: new ScureBase32Plugin().decode(text) };
  }

  private get known(): Template {
    if (!this.template) throw new Error('Better Auth has no rows yet');
    return this.template;
  }
}

const origin = { origin: PEER_URL };

function sessionToken(group: 'on' | 'off', n: number): string {
  return `${group}-${n}`.padStart(32, '0');
}

/** A cookie as Better Auth signs it: HMAC-SHA-256 behind a dot. A browser sends the origin along. */
function cookie(name: string, value: string): Call['headers'] {
  const signature = createHmac('sha256', PEER_SECRET).update(value).digest('base64');
  return { ...origin, cookie: `better-auth.${name}=${encodeURIComponent(`${value}.${signature}`)}` };
}
