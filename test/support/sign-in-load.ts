import { expect } from '@jest/globals';
import { tokenHash } from '../../src/two-factor/index.js';
import { Caller, PASSWORD, type AnyBody, type Answer } from './client.js';
import type { SeededAccount } from './seeded-account.js';
import type { TestService } from './service.js';

/** Sign-ins in progress at the same time. */
const PARALLEL = 12;
/** Requests of one account until it must have signed in. */
const MOST_REQUESTS = 100;
/** Responses that tell nothing about what was done: the client tries again. */
const UNKNOWN = [502, 503, 504];

/** What the sign-ins of a load have met. */
export interface Tally {
  requests: number;
  /** 502, 503 and 504 by status, and 0 for a connection that broke. */
  readonly retries: Map<number, number>;
}

/** What one account has got. */
interface Outcome {
  readonly account: SeededAccount;
  /** Tokens of the sessions that a response handed out. */
  readonly acknowledged: string[];
  /** Codes that were spent by a request without a response: each has opened a session. */
  unanswered: number;
}

/**
 * Accounts that sign in with password and authenticator app through a load balancer, each until it has a session. A request that
 * meets an outage is sent again, as a client would. Every other response must be the right one.
 */
export class SignInLoad {
  readonly tally: Tally = { requests: 0, retries: new Map() };
  private readonly outcomes: Outcome[];
  private readonly waiting: Array<{ readonly count: number; readonly go: () => void }> = [];
  private readonly working: Promise<unknown>;
  private done = 0;

  constructor(
    /** Base URL of the API. */
    url: string,
    accounts: readonly SeededAccount[],
    private readonly beside: Pick<TestService, 'clock' | 'query'>,
  ) {
    this.outcomes = accounts.map((account) => ({ account, acknowledged: [], unanswered: 0 }));
    const queue = this.outcomes.entries();
    this.working = Promise.all(Array.from({ length: PARALLEL }, () => this.work(new Caller({ url }), queue)));
    // Awaited by `settled`; until then a failure must not end the process.
    this.working.catch(() => this.waiting.splice(0).forEach(({ go }) => go()));
  }

  /** Waits until that many accounts have signed in, or one has met a wrong answer. */
  async untilSignedIn(count: number): Promise<void> {
    if (this.done >= count) return;
    await Promise.race([this.working, new Promise<void>((go) => this.waiting.push({ count, go }))]);
  }

  /** Waits until all accounts have signed in. @throws {Error} with the first wrong answer */
  async settled(): Promise<void> {
    await this.working;
  }

  /** Compares the sessions in the database with those that were acknowledged. */
  async check(url: string): Promise<void> {
    const caller = new Caller({ url });
    for (const { account, acknowledged, unanswered } of this.outcomes) {
      const sessions = await this.beside.query<{ hash: Buffer; factor: string | null }>(
        `SELECT token_hash AS hash, second_factor AS factor FROM sessions WHERE user_id = $1::uuid AND id <> $2::uuid`,
        [account.id, account.sessionId],
      );
      expect(sessions.filter(({ factor }) => factor !== 'totp')).toEqual([]);
      const hashes = sessions.map(({ hash }) => hash.toString('hex'));
      expect(acknowledged).toHaveLength(1);
      for (const token of acknowledged) {
        expect(hashes).toContain(tokenHash(token).toString('hex'));
        const { body } = await caller.get('/get-session', token);
        expect(body.user.id).toBe(account.id);
      }
      expect(hashes).toHaveLength(acknowledged.length + unanswered);
    }
  }

  private async work(caller: Caller, queue: IterableIterator<[number, Outcome]>): Promise<void> {
    for (const [index, outcome] of queue) {
      // An address of its own: the limits by client network are shared in Redis and would refuse one client.
      const headers = { 'x-forwarded-for': `10.${index >> 8}.${index & 255}.1` };
      await this.signIn(caller, outcome, headers);
      this.done++;
      this.waiting.filter(({ count }) => count <= this.done).forEach(({ go }) => go());
    }
  }

  private async signIn(caller: Caller, outcome: Outcome, headers: Record<string, string>): Promise<void> {
    const { account } = outcome;
    this.followTime();
    let code = account.app.code();
    let unknown = false;
    for (let request = 0; request < MOST_REQUESTS; request += 2) {
      const credentials = { email: account.email, password: PASSWORD };
      const first = await this.send(() => caller.post('/sign-in/email', credentials, undefined, headers));
      if (!first) continue;
      expect(first).toMatchObject({ status: 200, body: { twoFactorRedirect: true } });
      const { twoFactorToken } = first.body;
      const second = await this.send(() => caller.post('/two-factor/verify-totp', { code }, twoFactorToken, headers));
      if (!second) {
        unknown = true;
        continue;
      }
      if (second.status === 401 && unknown) {
        // The request without a response had spent the code. An app shows the next one after half a minute.
        unknown = false;
        outcome.unanswered++;
        this.followTime();
        code = account.app.code(1);
        continue;
      }
      expect(second).toMatchObject({ status: 200, body: { user: { id: account.id } } });
      outcome.acknowledged.push(second.body.token);
      return;
    }
    throw new Error(`${account.email} did not sign in within ${MOST_REQUESTS} requests`);
  }

  /** @returns undefined when the request must be sent again */
  private async send(request: () => Promise<Answer<AnyBody>>): Promise<Answer<AnyBody> | undefined> {
    this.tally.requests++;
    const answer = await request().catch(() => undefined);
    const status = answer?.status ?? 0;
    if (answer && !UNKNOWN.includes(status)) return answer;
    this.tally.retries.set(status, (this.tally.retries.get(status) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return undefined;
  }

  /** The replicas use the clock of the machine. */
  private followTime(): void {
    const { clock } = this.beside;
    clock.advance((Date.now() - clock.now().getTime()) / 1000);
  }
}
