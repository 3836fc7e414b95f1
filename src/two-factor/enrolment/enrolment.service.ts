import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Factor, Stage } from '../factor/factor.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { Factors } from '../factor/factors.js';
import { SessionHold } from '../policy/session-hold.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { AccountDirectory } from '../ports/account-directory.js';
import type { IncomingRequest } from '../ports/incoming-request.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { columnValue, disable, dropStaged, stage } from './enrolment.statements.js';
import { Reauthentication } from './reauthentication.js';

/** What staging a factor answers: members of the factor and of its companions, shown this once. */
export type StagedFactor = Readonly<Record<string, unknown>>;

/**
 * The life of factors of all kinds: staged by one session, confirmed by the first right attempt on it (see
 * `verification/spend.ts`), dropped.
 */
@Injectable()
export class EnrolmentService {
  private readonly stages: ReadonlyMap<string, ReturnType<typeof stage>>;
  private readonly dropStagedStatement: ReturnType<typeof dropStaged>;
  private readonly dropAllStatement: ReturnType<typeof disable>;

  constructor(
    private readonly database: Database,
    private readonly reauthentication: Reauthentication,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly accounts: AccountDirectory,
    private readonly factors: Factors,
    private readonly options: TwoFactorOptions,
    private readonly hold: SessionHold,
    registry: FactorRegistry,
  ) {
    this.stages = new Map(registry.enrollable.map((plugin) => [plugin.name, stage(plugin, registry)]));
    this.dropStagedStatement = dropStaged(registry);
    this.dropAllStatement = disable(registry);
  }

  /**
   * Stages a factor for this session. Nothing is on, and nothing that was on is off, until a right attempt comes on the same
   * session.
   *
   * @param request what the factor's `prepare` takes
   * @throws {TwoFactorException} what the factor's `prepare` throws, SECOND_FACTOR_REQUIRED with two-factor on and a weak
   *   session, INVALID_PASSWORD, TOO_MANY_REQUESTS, UNAUTHORIZED when the session ended meanwhile
   */
  async stage(
    factor: Factor<never, never>,
    request: object,
    session: SessionIdentity,
    password: string,
    incoming: IncomingRequest,
  ): Promise<StagedFactor> {
    const make = factor.prepare(request);
    await this.reauthentication.require(session, password, incoming, 'when-on');
    return this.stageWith(factor, make, session);
  }

  /**
   * The same for a factor whose routes ask for no password.
   *
   * @throws {TwoFactorException} what the factor's `prepare` throws, SECOND_FACTOR_REQUIRED with two-factor on and a weak
   *   session, UNAUTHORIZED when the session ended meanwhile
   */
  async stageBySession(factor: Factor<never, never>, request: object, session: SessionIdentity): Promise<StagedFactor> {
    // The statement that stages refuses a weak session once two-factor is on.
    return this.stageWith(factor, factor.prepare(request), session);
  }

  private stageWith(factor: Factor<never, never>, make: Stage, session: SessionIdentity): Promise<StagedFactor> {
    return this.database.transaction(async (transaction) => {
      const staged = await this.write(factor, make, session, transaction);
      // The statement that stages looks at the strength, and the one that confirms looks at it once more.
      await this.hold.live(session, transaction);
      return staged;
    });
  }

  private async write(
    { name }: Factor<never, never>,
    make: Stage,
    session: SessionIdentity,
    transaction: Transaction,
  ): Promise<StagedFactor> {
    const { accountId, sessionId } = session;
    const statement = this.stages.get(name);
    if (!statement) throw new RangeError(`Factor "${name}" has no enrolment table`);
    const id = randomUUID();
    const account = async () => {
      const found = await this.accounts.find(accountId, transaction);
      if (!found) throw new TwoFactorException('UNAUTHORIZED', { bearerError: 'invalid_token' });
      return found;
    };
    const { columns, response } = await make({ id, accountId, account });
    const companions = this.factors.all.flatMap(({ factor }) => factor.accompany(accountId) ?? []);
    const [row] = await transaction.query(statement, {
      ...Object.assign({}, ...companions.map(({ values }) => values)),
      ...Object.fromEntries(Object.entries(columns).map(([column, value]) => [columnValue(column), value])),
      id,
      accountId,
      sessionId,
      life: this.options.stagedLife,
      strong: this.secondFactor.isStrong(session),
    });
    if (!row) throw new TwoFactorException('SECOND_FACTOR_REQUIRED');
    const shown = row.accompanied ? companions.map((companion) => companion.response) : [];
    return Object.assign({}, response, ...shown);
  }

  /** Drops every factor of an account, and every device. Burn its challenges first in the transaction. */
  async dropAll(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(this.dropAllStatement, { accountId });
  }

  /** Drops what was staged under an older password. */
  async dropStaged(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(this.dropStagedStatement, { accountId });
  }

  /** Drops what the factors keep of an account elsewhere, such as counters. */
  async forget(accountId: string, transaction: Transaction): Promise<void> {
    for (const { factor } of this.factors.all) await factor.forget(accountId, transaction);
  }
}
