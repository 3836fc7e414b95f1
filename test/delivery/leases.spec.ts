import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CLAIM, REMOVE, RETRY_LATER, type LeasedMessage } from '../../src/delivery/outbox/outbox.statements.js';
import type { Statement } from '../../src/two-factor/index.js';
import { bind } from '../../src/two-factor/postgres/statement.js';
import { startOutbox, type OutboxFixture } from './outbox-fixture.js';

const LEASE_MS = 60_000;

const payloads = (messages: readonly LeasedMessage[]) => messages.map(({ payload }) => payload);

describe('the leases of messages', () => {
  let outbox: OutboxFixture;
  beforeAll(async () => {
    outbox = await startOutbox();
  });
  beforeEach(() => outbox.query('DELETE FROM two_factor_outbox'));
  afterAll(() => outbox.close());

  const run = <Row extends object, Values extends object>(statement: Statement<Row, Values>, values: Values) =>
    outbox.query<Row>(statement.text, bind(statement, values));
  const claim = (counts: Readonly<Record<string, number>>) =>
    run(CLAIM, { queues: Object.keys(counts), counts: Object.values(counts), leaseMs: LEASE_MS });
  const fail = ({ id, lease }: LeasedMessage, delay: number) =>
    run(RETRY_LATER, { ids: [id], leases: [lease], delays: [delay], reasons: ['HTTP 503'] });
  const endLeases = () => outbox.query(`UPDATE two_factor_outbox SET locked_until = now() - interval '1 second'`);

  it('are given for as many messages of each queue as were asked for, the oldest first', async () => {
    const [first, second] = [await outbox.enqueue(), await outbox.enqueue()];
    await outbox.enqueue();
    const notice = await outbox.enqueue({}, 'notice');
    const taken = await claim({ 'mail-code': 2, notice: 5 });
    expect(new Set(payloads(taken))).toEqual(new Set([first.payload, second.payload, notice.payload]));
  });

  it('are given once, also to processes that ask at the same time, until they end', async () => {
    const { payload } = await outbox.enqueue();
    expect(payloads(await claim({ 'mail-code': 5 }))).toEqual([payload]);
    expect(await claim({ 'mail-code': 5 })).toEqual([]);
    await endLeases();
    const [again] = await claim({ 'mail-code': 5 });
    expect(again).toMatchObject({ payload, attempts: 2 });
  });

  it('are given for new messages before retried ones that are due', async () => {
    await outbox.enqueue();
    const [failed] = await claim({ 'mail-code': 1 });
    if (!failed) throw new Error('Nothing was taken');
    await fail(failed, -1000);
    const fresh = await outbox.enqueue();
    expect(payloads(await claim({ 'mail-code': 1 }))).toEqual([fresh.payload]);
    expect(await claim({ 'mail-code': 1 })).toMatchObject([{ payload: failed.payload, attempts: 1 }]);
  });

  it('are not given before a failed message is due again', async () => {
    await outbox.enqueue();
    const [failed] = await claim({ 'mail-code': 1 });
    if (!failed) throw new Error('Nothing was taken');
    await fail(failed, 3_600_000);
    expect(await claim({ 'mail-code': 1 })).toEqual([]);
  });

  it('cannot be given back by a process whose own lease has ended', async () => {
    await outbox.enqueue();
    const [late] = await claim({ 'mail-code': 1 });
    await endLeases();
    const [held] = await claim({ 'mail-code': 1 });
    if (!late || !held) throw new Error('Nothing was taken');
    await fail(late, -1000);
    expect(await claim({ 'mail-code': 1 })).toEqual([]);
    await run(REMOVE, { ids: [held.id] });
    expect(await outbox.waiting()).toBe(0);
  });
});
