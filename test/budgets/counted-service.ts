import { expect } from '@jest/globals';
import { Caller } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';

/** The database cost of a request. */
export interface Cost {
  /** Round trips to the database, including BEGIN and COMMIT. */
  readonly statements: number;
  /** The number of times that the request waits for a disk. */
  readonly commits: number;
}

/** A service whose statements are counted. */
export interface CountedService {
  readonly service: TestService;
  /** A replica that delivers the messages, so that the count contains only the statements of requests. */
  readonly courier: TestService;
  readonly caller: Caller;
  /** Runs `work`, expects the status 200 and returns the cost. */
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
 * Counts each COMMIT, and each writing statement outside of a transaction, because these wait for a disk. It does not
 * count the sliding expiry of a session, which the look-up of a session writes once an hour.
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
