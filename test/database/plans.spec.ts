import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Statement } from '../../src/two-factor/postgres/statement.js';
import * as postgres from '../../src/two-factor/postgres/statement.js';
import type { TestService } from '../support/service.js';
import { EMPTY, NEEDED, SEEDS } from './rows.js';

/** Statements that may read a whole table, and why. */
const READS_ALL: ReadonlyArray<readonly [name: string, table: string, reason: string]> = [
  ['all_keys', 'two_factor_key', 'a table of a few keys'],
  ['retire_key', 'two_factor_key', 'a table of a few keys'],
  ['count_one_time_code_by_key', 'two_factor_one_time_code', 'the rotation of keys counts all codes'],
  ['count_authenticator_by_key', 'two_factor_authenticator', 'the rotation of keys counts all secrets'],
  ['count_otp_method_by_key', 'two_factor_otp_method', 'the rotation of keys counts all numbers'],
  ['drop_expired_notices', 'two_factor_pending_notice', 'a job takes 1000 rows; of many more it finds them by index'],
  ['outbox_state', 'two_factor_outbox', 'counts the messages that wait, for GET /health'],
  ['forget_sends', 'two_factor_send_budget', 'deletes an account; names begin alike, and rows last for hours'],
];

const built = new Map<string, Statement>();
jest.unstable_mockModule('../../src/two-factor/postgres/statement.js', () => ({
  ...postgres,
  statement: (name: string, text: string) => {
    const made = postgres.statement(name, text);
    built.set(made.name, made);
    return made;
  },
}));

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

let service: TestService;
beforeAll(async () => {
  // Imported after the mock, so that every statement of the application is recorded when it is built.
  const { startTestService } = await import('../support/service.js');
  // With messages, because a service without an outbox has no statements that send.
  service = await startTestService({ messages: true });
  for (const text of SEEDS) await service.query(text);
  await service.query('ANALYZE');
});
afterAll(async () => {
  // The search for secrets would read all rows.
  await service.query(EMPTY);
  await service.close();
});

/** Tables that a statement reads from end to end, with many accounts. GENERIC_PLAN needs Postgres 16. */
async function scannedTables(text: string): Promise<string[]> {
  const [row] = await service.query<{ 'QUERY PLAN': ReadonlyArray<{ Plan: PlanNode }> }>(
    `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
  );
  const nodes = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
  return (row?.['QUERY PLAN'] ?? [])
    .flatMap(({ Plan }) => nodes(Plan))
    .flatMap((node) => (node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? ''] : []));
}

/** Names of all statements in the sources, without the hash. */
async function namesInSources(): Promise<string[]> {
  const entries = await readdir('src', { recursive: true, withFileTypes: true });
  const files = entries
    .filter(({ name }) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.includes('/testing/') && !path.endsWith('postgres/statement.ts'));
  const texts = await Promise.all(files.map((path) => readFile(path, 'utf8')));
  return texts.flatMap((text) =>
    [...text.replaceAll(/^ *\* .*$/gm, '').matchAll(/\bstatement(?:<[^(]*>)?\(\s*'([\w.]+)'/g)].map(
      ([, name = '']) => name,
    ),
  );
}

const baseName = (name: string) => name.slice(0, name.lastIndexOf('.'));

describe('a statement of the library or of the accounts', () => {
  it('is recorded here by its name in the sources', async () => {
    const recorded = new Set([...built.keys()].map(baseName));
    const names = await namesInSources();
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !recorded.has(name))).toEqual([]);
  });

  it('finds its rows by an index, however many accounts there are', async () => {
    const scans: string[] = [];
    for (const { name, text } of built.values()) {
      const allowed = READS_ALL.filter(([start]) => baseName(name) === start).map(([, table]) => table);
      for (const table of await scannedTables(text)) {
        if (!allowed.includes(table)) scans.push(`${baseName(name)} reads all of ${table}`);
      }
    }
    expect(scans).toEqual([]);
  });

  it('exists, if it may read a whole table', async () => {
    const names = new Set([...built.keys()].map(baseName));
    expect(READS_ALL.filter(([start]) => !names.has(start))).toEqual([]);
  });

  it.each(NEEDED)('reads a whole table without the index %s, which this test would show', async (index, name) => {
    const { text = '' } = [...built.values()].find((statement) => baseName(statement.name) === name) ?? {};
    expect(await scannedTables(text)).toEqual([]);
    const [definition] = await service.query<{ indexdef: string }>(
      'SELECT indexdef FROM pg_indexes WHERE indexname = $1',
      [index],
    );
    await service.query(`DROP INDEX ${index}`);
    expect(await scannedTables(text)).not.toEqual([]);
    await service.query(definition?.indexdef ?? '');
  });
});
