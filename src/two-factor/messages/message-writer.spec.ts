import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { HkdfKeyRing } from '../adapters/hkdf-key-ring.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { AesGcmSealer } from '../keys/sealer.js';
import type { Account } from '../ports/account-directory.js';
import { NO_REQUEST } from '../ports/incoming-request.js';
import { FakeClock } from '../testing/fake-clock.js';
import { FakeRandom } from '../testing/fake-random.js';
import { defaultFactors } from '../two-factor.schema.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { Channels } from './channels.js';
import { MessageSealer } from './message-sealer.js';
import { MessageWriter } from './message-writer.js';
import { OutboxSignal } from './outbox-signal.js';

const NOW = new Date('2026-11-24T21:13:00Z');
const ACCOUNT = { id: 'ada', label: 'Ada (ada@example.com)', email: 'ada@example.com', user: { emailVerified: true } };

const ring = new HkdfKeyRing([{ kid: 'k1', secret: createHash('sha256').update('k1').digest() }]);
const sealer = new MessageSealer(new AesGcmSealer(ring, new FakeRandom()));
const writer = new MessageWriter(
  new Channels({} as never, null),
  sealer,
  new FakeClock(NOW),
  ring,
  new TwoFactorOptions({ issuer: 'Acme', trustedOrigins: [] }),
  new FactorRegistry(defaultFactors),
  new OutboxSignal(),
  null,
  { languages: ['en'] } as never,
);

const factsOf = (request: typeof NO_REQUEST) => {
  const notice = writer.notice(ACCOUNT as unknown as Account, { topic: 'device-trusted' }, request);
  return sealer.open(notice?.noticePayload ?? '').facts;
};

describe('the facts of a notice', () => {
  it('tell a template the account, the time, the address and the device of what happened', () => {
    const userAgent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0';
    expect(factsOf({ ...NO_REQUEST, ip: '192.0.2.7', userAgent })).toEqual({
      topic: 'device-trusted',
      issuer: 'Acme',
      account: 'Ada (ada@example.com)',
      at: '2026-11-24T21:13:00.000Z',
      address: '192.0.2.7',
      device: 'Firefox on Windows',
    });
  });

  it('lack address and device where an operator or a job did it', () => {
    expect(factsOf(NO_REQUEST)).toEqual({
      topic: 'device-trusted',
      issuer: 'Acme',
      account: 'Ada (ada@example.com)',
      at: '2026-11-24T21:13:00.000Z',
    });
  });
});
