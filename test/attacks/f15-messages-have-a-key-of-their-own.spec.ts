import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AesGcmSealer, SealBrokenError } from '../../src/two-factor/keys/sealer.js';
import { Caller, enrol, openChallenge, type EnrolledOwner } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let owner: EnrolledOwner;
let sealer: AesGcmSealer;
beforeAll(async () => {
  // The outbox is off, so that the messages stay in the queue.
  service = await startTestService({ messages: true, config: { outbox: false } });
  sealer = service.app.get(AesGcmSealer, { strict: false });
  owner = await enrol(service);
  await new Caller(service).post('/two-factor/send-otp', {}, await openChallenge(service, owner));
});
afterAll(() => service.close());

/** Returns the queued messages: a notice and a code. */
async function messages(): Promise<{ id: string; sealed: string }[]> {
  const rows = await service.query<{ payload: string }>(`SELECT payload FROM two_factor_outbox`);
  return rows.map(({ payload }) => JSON.parse(payload) as { id: string; sealed: string });
}

describe('F15: the key that seals messages', () => {
  it('differs from the key that seals secrets, which may seal only a limited number of values', async () => {
    const waiting = await messages();
    expect(waiting).toHaveLength(2);
    for (const { id, sealed } of waiting) {
      const record = ['message', id];
      expect(() => sealer.open(sealed, record)).toThrow(SealBrokenError);
      expect(JSON.parse(sealer.open(sealed, record, 'message').toString())).toMatchObject({ to: owner.email });
    }
  });

  it('opens no secret', async () => {
    const [row] = await service.query<{ id: string; secret: string }>(
      `SELECT id, secret FROM two_factor_authenticator WHERE account_id = $1`,
      [owner.id],
    );
    if (!row) throw new Error('There is no authenticator');
    const record = ['authenticator', owner.id, row.id];
    expect(() => sealer.open(row.secret, record, 'message')).toThrow(SealBrokenError);
    expect(sealer.open(row.secret, record)).toHaveLength(20);
  });
});
