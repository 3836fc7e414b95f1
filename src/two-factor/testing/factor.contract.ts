import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { openAccountScope } from '../attempts/attempts.fragments.js';
import { ACCOUNT_SCOPE } from '../attempts/scope.js';
import { disable, dropStaged } from '../enrolment/enrolment.statements.js';
import type { Factor, Match } from '../factor/factor.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import type { Database } from '../postgres/database.js';
import { statement } from '../postgres/statement.js';
import { defaultFactors } from '../two-factor.schema.js';
import { guessStatements } from '../verification/guess.js';
import { spendStatements, type SpendStatements } from '../verification/spend.js';
import type { TestApi } from './test-api.js';

/** Who makes an attempt: on a session or on a challenge, of which the other one is null. */
export interface FactorCaller {
  readonly accountId: string;
  readonly sessionId: string | null;
  readonly challengeId: string | null;
}

/** A factor to hold to the contract, and what it takes to do so. */
export interface FactorSubject<Attempt = unknown> {
  readonly plugin: FactorPlugin;
  /** An instance of `plugin.factor`, e.g. `app.get(plugin.factor, { strict: false })`. */
  readonly factor: Factor<Attempt, never>;
  /** Has the tables of `twoFactorSchema([...defaultFactors, plugin])`. */
  readonly database: Database;
  /**
   * Writes what an owner has who enrolled. Account and session exist by these names alone.
   *
   * @param stagedBy the session that staged it; null: confirmed
   */
  enrol(accountId: string, stagedBy: string | null): Promise<void>;
  /**
   * What the owner's device would send, after whatever comes before it, such as a code that was sent or a nonce.
   *
   * Gives the attempt for every caller of that account, also for one that must not get in by it: a thief knows the secret too.
   */
  attempt(caller: FactorCaller): Promise<Attempt>;
  /** What is never right. */
  readonly wrong: Attempt;
}

/** Names that the library's own SQL takes. */
const TAKEN = ['accountId', 'challengeId', 'scope', 'sessionId', 'stagedId', 'strong'];

/** How many requests use one attempt at once. */
const PARALLEL = 4;

/**
 * Holds a plug-in to what the library relies on: it runs the plug-in's SQL on a real database, within the library's statements.
 *
 * @param setUp called once, at the first test; the caller closes what it opens
 * @param api the test runner's functions; its globals by default
 * @example
 * ```ts
 * import { describeFactor } from 'nestjs-two-factor/testing';
 *
 * describeFactor('the hardware key', async () => ({ plugin: hardwareKeyFactor, factor, database, enrol, attempt, wrong: '' }));
 * ```
 */
export function describeFactor<Attempt>(
  name: string,
  setUp: () => Promise<FactorSubject<Attempt>>,
  { describe, it }: TestApi = globalThis as unknown as TestApi,
): void {
  let ready: Promise<Trial<Attempt>> | undefined;
  const trial = () => (ready ??= setUp().then((subject) => new Trial(subject)));

  describe(name, () => {
    it('has one name, and its SQL fits the statement that takes a guess', async () => {
      const { plugin, factor, guess, session, confirmed, attempt, wrong } = await trial();
      assert.equal(factor.name, plugin.name);
      assert.equal(await guess(session(), wrong), 'not-enabled', 'An account that never enrolled has candidates');
      const caller = await confirmed();
      assert.equal(await guess(caller, await attempt(caller)), 'taken');
    });

    describe('what is confirmed', () => {
      it('is proven on a session and on a challenge by a right attempt, however often it is checked', async () => {
        const { confirmed, tries, challenge } = await trial();
        for (const caller of [await confirmed(), challenge(await confirmed())]) {
          const { match, again } = await tries(caller);
          assert.ok(match, 'A right attempt was refused');
          assert.equal(match.confirms, undefined, 'A confirmed factor has nothing to confirm');
          assert.deepEqual(again, match, '`match` must not use anything up');
          const names = Object.keys(match.values).filter((value) => TAKEN.includes(value));
          assert.deepEqual(names, [], 'Names of values that the library uses itself');
        }
      });

      it('is not proven by a wrong attempt, nor by the right one of another account', async () => {
        const { confirmed, check, attempt, wrong } = await trial();
        const [caller, other] = [await confirmed(), await confirmed()];
        await attempt(caller);
        assert.equal(await check(caller, wrong), null, 'A wrong attempt was taken');
        assert.equal(await check(caller, await attempt(other)), null, 'The attempt of another account was taken');
      });

      it('is spent once, of requests at once and ever after', async () => {
        const { plugin, confirmed, tries, attempt, spend, check } = await trial();
        const caller = await confirmed();
        if (plugin.consume !== undefined) {
          const answer = await attempt(caller);
          const right = await Promise.all(Array.from({ length: PARALLEL }, () => check(caller, answer)));
          assert.equal(right.filter(Boolean).length, 1, 'Requests at once were all right, or none was');
          assert.equal(await check(caller, answer), null, 'What an attempt answers was not used up');
          return;
        }
        const { match, sent } = await tries(caller);
        assert.ok(match);
        const spent = await Promise.all(Array.from({ length: PARALLEL }, () => spend(caller, match)));
        assert.equal(spent.filter(Boolean).length, 1, 'Requests at once used one attempt several times, or never');
        assert.equal(await spend(caller, match), false, 'An attempt was used twice');
        const later = await check(caller, sent);
        assert.ok(later === null || !(await spend(caller, later)), 'An attempt that was used is right again');
      });

      it('is not spent for another account', async () => {
        const { confirmed, tries, spend } = await trial();
        const [caller, other] = [await confirmed(), await confirmed()];
        const { match } = await tries(caller);
        assert.ok(match);
        assert.equal(await spend(other, match), false, '`spend` does not look at the account of `cleared`');
        assert.equal(await spend(caller, match), true);
      });

      it('turns two-factor on, where the factor is enrolled', async () => {
        const { plugin, confirmed, isOn, facts, session } = await trial();
        const { accountId } = await confirmed();
        assert.notEqual(await facts(accountId), null, 'The status lacks the factor');
        assert.equal(await isOn(accountId), plugin.enrolment !== undefined);
        assert.equal(await facts(session().accountId), null, 'The status tells of a factor that no one enrolled');
      });

      it('is gone when two-factor is turned off', async () => {
        const { confirmed, attempt, disable: turnOff, check, facts } = await trial();
        const caller = await confirmed();
        const sent = await attempt(caller);
        await turnOff(caller.accountId);
        assert.equal(await facts(caller.accountId), null);
        assert.equal(await check(caller, sent), null, 'Something of the factor is left');
      });
    });

    describe('what is staged', () => {
      it('is confirmed by a right attempt on the session that staged it, once', async () => {
        const { plugin, staged, tries, confirm } = await trial();
        if (!plugin.enrolment) return;
        const caller = await staged();
        const { match } = await tries(caller);
        assert.ok(match, 'The session cannot confirm what it staged');
        assert.ok(match.confirms, 'The match does not name what it confirms');
        const confirmed = await Promise.all(Array.from({ length: PARALLEL }, () => confirm(caller, match)));
        assert.equal(confirmed.filter(Boolean).length, 1, 'It was confirmed several times, or never');
      });

      it('is seen neither by another session nor by a challenge', async () => {
        const { staged, check, attempt, challenge } = await trial();
        const caller = await staged();
        await attempt(caller);
        for (const thief of [{ ...caller, sessionId: randomUUID() }, challenge(caller)]) {
          const match = await check(thief, await attempt(thief));
          assert.equal(match, null, 'The password alone is enough to stage a factor, and now also to sign in');
        }
      });

      it('turns nothing on, and goes with the password that it was staged under', async () => {
        const { staged, isOn, facts, attempt, check, dropStaged: drop } = await trial();
        const caller = await staged();
        assert.equal(await isOn(caller.accountId), false);
        assert.equal(await facts(caller.accountId), null, 'The status tells of a staged factor');
        const sent = await attempt(caller);
        await drop(caller.accountId);
        assert.equal(await check(caller, sent), null, 'It outlives the password');
      });
    });
  });
}

/** The subject, and shorthands for what every test does with it. */
class Trial<Attempt> {
  readonly plugin: FactorPlugin;
  readonly factor: Factor<Attempt, never>;
  readonly wrong: Attempt;
  private readonly database: Database;
  private readonly registry: FactorRegistry;
  private readonly spending: SpendStatements;

  constructor(private readonly subject: FactorSubject<Attempt>) {
    this.plugin = subject.plugin;
    this.factor = subject.factor;
    this.wrong = subject.wrong;
    this.database = subject.database;
    const others = defaultFactors.filter((other) => other.name !== subject.plugin.name);
    this.registry = new FactorRegistry([...others, subject.plugin]);
    this.spending = spendStatements(subject.plugin, this.registry);
  }

  readonly enrol = async (accountId: string, stagedBy: string | null): Promise<void> => {
    await this.database.query(
      statement<object, { accountId: string }>('open_account_scope', openAccountScope('$accountId', '(SELECT) AS one')),
      { accountId },
    );
    await this.subject.enrol(accountId, stagedBy);
  };

  readonly attempt = async (caller: FactorCaller): Promise<Attempt> => this.subject.attempt(caller);

  readonly session = () => ({ accountId: randomUUID(), sessionId: randomUUID(), challengeId: null });

  readonly challenge = ({ accountId }: FactorCaller): FactorCaller => ({
    accountId,
    sessionId: null,
    challengeId: randomUUID(),
  });

  /** A session of a new account that has the factor. */
  readonly confirmed = async () => {
    const caller = this.session();
    await this.enrol(caller.accountId, null);
    return caller;
  };

  /** A session of a new account that has staged the factor. */
  readonly staged = async () => {
    const caller = this.session();
    await this.enrol(caller.accountId, caller.sessionId);
    return caller;
  };

  /** Checks an attempt against what the plug-in's SQL finds now; null for a wrong one. */
  readonly check = async (caller: FactorCaller, attempt: Attempt): Promise<Match | null> =>
    this.match(caller, attempt, await this.candidates(caller, attempt));

  /** Makes a right attempt and checks it twice. */
  readonly tries = async (caller: FactorCaller) => {
    const sent = await this.attempt(caller);
    const candidates = await this.candidates(caller, sent);
    const check = async () => this.match(caller, sent, candidates);
    return { sent, match: await check(), again: await check() };
  };

  private async match(caller: FactorCaller, attempt: Attempt, candidates: object | null): Promise<Match | null> {
    if (candidates === null) return null;
    const outcome = await this.factor.match(attempt, { ...caller, candidates: candidates as never });
    return outcome !== null && 'refused' in outcome ? null : outcome;
  }

  /** Uses up what the attempt answers, where the plug-in has such. */
  private async candidates(
    { accountId, sessionId, challengeId }: FactorCaller,
    attempt: Attempt,
  ): Promise<object | null> {
    const { candidates, consume } = this.plugin;
    const text = `WITH who AS (
        SELECT $accountId::text AS account_id, $sessionId::text AS session_id, $challengeId::uuid AS challenge_id
      )${consume === undefined ? '' : `, ${consume}`}
      SELECT ${candidates} AS candidates FROM who`;
    const select = statement<{ readonly candidates: object | null }, Readonly<Record<string, unknown>>>(
      'candidates',
      text,
    );
    const values = { ...this.factor.presents(attempt), accountId, sessionId, challengeId };
    const [row] = await this.database.query(select, values);
    return row?.candidates ?? null;
  }

  /** Asks for a guess on a session, by the library's statement; tells the verdict. */
  readonly guess = async (
    { accountId, sessionId }: { readonly accountId: string; readonly sessionId: string },
    attempt: Attempt,
  ) => {
    const values = { ...this.factor.presents(attempt), accountId, sessionId, trustedDeviceId: null };
    const [guess] = await this.database.query(guessStatements(this.plugin).onSession, values);
    return guess?.verdict;
  };

  /** Spends a match in a transaction of its own, by the library's statement. */
  readonly spend = async ({ accountId }: FactorCaller, { values }: Match): Promise<boolean> => {
    const rows = await this.database.transaction((transaction) =>
      transaction.query(this.spending.onSession, { ...values, accountId, scope: ACCOUNT_SCOPE }),
    );
    return rows.length > 0;
  };

  /** Confirms what a match names, in a transaction of its own, by the library's statement. */
  readonly confirm = async (caller: FactorCaller, { values, confirms = '' }: Match): Promise<boolean> => {
    const { confirm } = this.spending;
    assert.ok(confirm);
    const { accountId, sessionId } = caller;
    const confirmation = {
      accountId,
      scope: ACCOUNT_SCOPE,
      stagedId: confirms,
      sessionId: sessionId ?? '',
      strong: false,
    };
    const rows = await this.database.transaction((transaction) =>
      transaction.query(confirm, { ...values, ...confirmation }),
    );
    return rows.length > 0;
  };

  readonly isOn = async (accountId: string): Promise<boolean> => {
    const [row] = await this.database.query<{ readonly on: boolean }>(`SELECT ${this.registry.isOn('$1')} AS on`, [
      accountId,
    ]);
    return row?.on ?? false;
  };

  /** What the status is told of an account. */
  readonly facts = async (accountId: string): Promise<unknown> => {
    const [row] = await this.database.query<{ readonly facts: Readonly<Record<string, unknown>> }>(
      `SELECT ${this.registry.facts('$1', [this.plugin])} AS facts`,
      [accountId],
    );
    return row?.facts[this.plugin.name] ?? null;
  };

  readonly disable = async (accountId: string): Promise<void> => {
    await this.database.query(disable(this.registry), { accountId });
  };

  readonly dropStaged = async (accountId: string): Promise<void> => {
    await this.database.query(dropStaged(this.registry), { accountId });
  };
}
