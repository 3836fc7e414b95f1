import { setTimeout as sleep } from 'node:timers/promises';
import { opened, spent, stateOf, type State } from './account-state.js';
import { Caller, type AnyBody, type Answer } from './client.js';
import type { AccountSeeder, SeededAccount } from './seeded-account.js';
import type { TestService } from './service.js';

import { tell } from './tell.js';
/** Number of requests of each kind that are in progress together. */
const EACH = 4;

/** A code that is sent to verify a challenge, and the responses to it. */
interface Attempt {
  readonly account: SeededAccount;
  readonly before: State;
  readonly route: 'verify-totp' | 'verify-backup-code';
  readonly body: { readonly code: string | undefined; readonly trustDevice?: boolean };
  readonly right: boolean;
  /** With more than one, the same code is sent for several challenges at a time. */
  readonly challenges: readonly string[];
  /** Undefined for a request without a response, because its connection broke. */
  readonly answers: Array<Answer<AnyBody> | undefined>;
}

/** Counts over all crashes. */
export class CrashTally {
  private crashes = 0;
  private requests = 0;
  private acknowledged = 0;
  private unavailable = 0;
  private unanswered = 0;
  private checked = 0;

  add(answers: ReadonlyArray<Answer<AnyBody> | undefined>): void {
    this.crashes++;
    this.requests += answers.length;
    for (const answer of answers) {
      if (answer === undefined) this.unanswered++;
      else if (answer.status === 503) this.unavailable++;
      else this.acknowledged++;
    }
  }

  held(invariants: number): void {
    this.checked += invariants;
  }

  print(title: string): void {
    const { crashes, requests, acknowledged, unavailable, unanswered, checked } = this;
    tell(
      `\n${title}\n  ${crashes} crashes under ${requests} verifications: ${acknowledged} acknowledged, ${unavailable} answered ` +
        `503, ${unanswered} unanswered; ${checked} invariants checked\n`,
    );
  }
}

/**
 * Parallel verifications of many accounts, with right and wrong codes. A crash leaves some of them without a response.
 */
export class CrashLoad {
  private answered = 0;
  private running: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly seeder: AccountSeeder,
    private readonly attempts: readonly Attempt[],
  ) {}

  static async prepare(seeder: AccountSeeder, database: Pick<TestService, 'query'>): Promise<CrashLoad> {
    const attempts: Attempt[] = [];
    const add = async (
      route: Attempt['route'],
      body: (account: SeededAccount) => Attempt['body'],
      { right = true, challenges = 1 } = {},
    ): Promise<void> => {
      const account = await seeder.account();
      const tokens: string[] = [];
      for (let n = 0; n < challenges; n++) tokens.push(await seeder.challenge(account.id));
      const before = await stateOf(account, database);
      attempts.push({ account, before, route, body: body(account), right, challenges: tokens, answers: [] });
    };
    // Codes of the next step: they are valid now, and still a minute later on a busy machine.
    for (let n = 0; n < EACH; n++) {
      await add('verify-totp', ({ app }) => ({ code: app.code(1) }));
      await add('verify-totp', ({ app }) => ({ code: app.code(1), trustDevice: true }));
      await add('verify-totp', ({ app }) => ({ code: app.code(1) }), { challenges: 3 });
      await add('verify-totp', ({ app }) => ({ code: app.wrongCode() }), { right: false });
      await add('verify-backup-code', ({ backupCodes }) => ({ code: backupCodes[0] }));
    }
    return new CrashLoad(seeder, attempts);
  }

  /** Sends all requests at once. */
  start(caller: Caller): void {
    const sending = this.attempts.flatMap(({ route, body, challenges, answers }) =>
      challenges.map(async (challenge) => {
        const answer = await caller.post(`/two-factor/${route}`, body, challenge).catch(() => undefined);
        answers.push(answer);
        this.answered++;
      }),
    );
    this.running = Promise.all(sending);
  }

  /**
   * Waits until `count` requests have a response. At that time some are committed, some incomplete and some not begun.
   */
  async untilAnswered(count: number): Promise<void> {
    while (this.answered < count) await sleep(1);
  }

  /** Waits until no request is in progress. */
  async settled(): Promise<ReadonlyArray<Answer<AnyBody> | undefined>> {
    await this.running;
    return this.attempts.flatMap(({ answers }) => answers);
  }

  /**
   * Checks the state that the crash has left, and then continues every attempt.
   *
   * @param caller of a running service
   * @returns the broken invariants, and how many invariants were checked
   */
  async check(
    database: Pick<TestService, 'query'>,
    caller: Caller,
  ): Promise<{ readonly broken: readonly string[]; readonly checked: number }> {
    const broken: string[] = [];
    let checked = 0;
    for (const attempt of this.attempts) {
      const { account, before, route, body, right, answers } = attempt;
      const after = await stateOf(account, database);
      const check = (invariant: string, held: boolean): void => {
        checked++;
        if (!held)
          broken.push(`${route} ${right ? 'right' : 'wrong'}: ${invariant} ${JSON.stringify({ before, after })}`);
      };
      const done = spent(before, after);
      const successes = answers.filter((answer) => answer?.status === 200);
      const refused = answers.filter((answer) => answer?.status === 401).length;
      const strange = answers.filter((answer) => answer && ![200, 401, 503].includes(answer.status));
      check(`answers are 200, 401 or 503, not ${strange.map((answer) => answer?.status).join()}`, strange.length === 0);
      check('one success at most', successes.length <= 1);
      check('a session if and only if a factor is spent', opened(before, after) === done);
      check('an acknowledged success is there', successes.length === 0 || done);
      for (const success of successes) {
        const { body: session } = await caller.get('/get-session', success?.body.token);
        check('a token handed out works', session !== null);
      }
      if (!done) {
        const counted = after.failures - before.failures;
        check('an acknowledged failure is counted', counted >= refused);
        // A guess at a backup code counts only on its challenge.
        const onChallenges = after.challenges.reduce((sum, n) => sum + n, 0);
        check('no failure is counted on one side only', route !== 'verify-totp' || counted === onChallenges);
        check('at most the guesses are counted', onChallenges <= answers.length);
      }
      if (right) {
        const again = async () =>
          (await caller.post(`/two-factor/${route}`, body, await this.seeder.challenge(account.id))).status;
        check('the code works if it was not spent, and not otherwise', (await again()) === (done ? 401 : 200));
        check('and never again', (await again()) === 401);
      }
    }
    return { broken, checked };
  }
}
