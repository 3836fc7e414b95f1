import { expect } from '@jest/globals';
import { Caller } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

/** What a request costs the database. */
export interface Cost {
  /** Round trips, BEGIN and COMMIT included. */
  readonly statements: number;
  /** Waits for a disk. */
  readonly commits: number;
}

/** A service whose statements are counted. */
export interface CountedService {
  readonly service: TestService;
  /** A replica that delivers the messages, so that only requests are counted. */
  readonly courier: TestService;
  readonly caller: Caller;
  /** The cost of what answers 200. */
  readonly cost: (work: () => Promise<{ readonly status: number }>) => Promise<Cost>;
  close(): Promise<void>;
}

export async function startCountedService(): Promise<CountedService> {
  let proxy: StatementProxy | undefined;
  const service = await startTestService({
    messages: true,
    config: { outbox: false },
    route: async (databaseUrl) => {
      proxy = await startStatementProxy(databaseUrl);
      return proxy.url;
    },
  });
  const courier = await startTestService({ replicaOf: service, messages: true });
  return {
    service,
    courier,
    caller: new Caller(service),
    cost: async (work) => {
      const answers: number[] = [];
      const statements = (await proxy?.statementsOf(async () => answers.push((await work()).status))) ?? [];
      expect(answers).toEqual([200]);
      return { statements: statements.length, commits: commits(statements) };
    },
    async close() {
      await courier.close();
      await service.close();
      await proxy?.close();
    },
  };
}

/**
 * Every COMMIT, and every writing statement outside of BEGIN and COMMIT, waits for a disk. Left out is the session's
 * sliding expiry, which the look-up of a session carries along and writes once an hour.
 */
function commits(statements: readonly string[]): number {
  let open = false;
  let count = 0;
  for (const text of statements) {
    if (text === 'BEGIN') open = true;
    else if (text === 'COMMIT') {
      open = false;
      count++;
    } else if (!open && /\b(?:INSERT INTO|UPDATE|DELETE FROM) (?:two_factor_|account_|users\b)/.test(text)) count++;
  }
  return count;
}
