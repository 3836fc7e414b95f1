import { Injectable } from '@nestjs/common';
import { Database } from '../postgres/database.js';
import { statement, type Statement } from '../postgres/statement.js';
import { FactorRegistry } from './factor-registry.js';
import { Factors, type FactorFacts } from './factors.js';

interface StoredMethods {
  readonly on: boolean;
  readonly facts: FactorFacts;
}

/** Reads which factors an account can use now. */
@Injectable()
export class AccountMethods {
  private readonly statement: Statement<StoredMethods, { readonly accountId: string }>;

  constructor(
    private readonly database: Database,
    private readonly factors: Factors,
    registry: FactorRegistry,
  ) {
    this.statement = statement(
      'account_methods',
      `SELECT ${registry.isOn('$accountId')} AS "on", ${registry.facts('$accountId')} AS facts`,
    );
  }

  /** @returns the list of a challenge, the preferred one first; null for an account with two-factor off */
  async of(accountId: string): Promise<readonly string[] | null> {
    const [stored] = await this.database.query(this.statement, { accountId });
    return stored?.on ? this.factors.usable(stored.facts) : null;
  }
}
