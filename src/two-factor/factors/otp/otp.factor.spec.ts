import { describe, expect, it } from '@jest/globals';
import { HkdfKeyRing } from '../../adapters/hkdf-key-ring.js';
import { AesGcmSealer } from '../../keys/sealer.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import { Channels } from '../../messages/channels.js';
import type { Channel } from '../../messages/message.js';
import { FakeRandom } from '../../testing/fake-random.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { OtpCodes, type CodeSource } from './otp-codes.js';
import { OtpFactor } from './otp.factor.js';
import { OtpMethodsService } from './otp-methods.service.js';
import { FORGET_SENDS, type ConfirmedMethod } from './otp.sql.js';

const ring = new HkdfKeyRing([{ kid: 'k', secret: Buffer.from('a ring key of 32 bytes, for tests') }]);
const unreadable = new UnreadableSecretReporter({ emit: () => {} } as never);
const sealer = new AesGcmSealer(ring, new FakeRandom());
const codes = new OtpCodes(ring, unreadable);

/** A factor of a service that can send on these channels. */
function factorWith(...available: readonly Channel[]) {
  const sender = (channel: Channel) => (available.includes(channel) ? ({} as never) : null);
  const channels = new Channels(sender('mail'), sender('sms'));
  const options = new TwoFactorOptions({ issuer: 'Acme', trustedOrigins: [] });
  const methods = new OtpMethodsService(channels, sealer, options, unreadable);
  const accounts = { find: async () => ({ id: 'ada', email: 'ada@example.com', label: 'Ada' }) };
  return { methods, factor: new OtpFactor(channels, codes, methods, accounts as never, options) };
}

describe('the destinations in the status of an account', () => {
  const { methods } = factorWith('sms');
  const number: ConfirmedMethod = {
    id: '1',
    channel: 'sms',
    destination: methods.sealed('+4915112345678', 'ada', '1'),
  };
  const mail: ConfirmedMethod = { id: '2', channel: 'mail', destination: null };
  const statusOf = (facts: readonly ConfirmedMethod[], ...available: readonly Channel[]) =>
    factorWith(...available).factor.status({ accountId: 'ada', facts, fallback: false });

  it('are each number once and the address once, masked', async () => {
    const { otpDestinations } = await statusOf([number, mail], 'mail', 'sms');
    expect(otpDestinations.map(({ channel }) => channel)).toEqual(['sms', 'mail']);
    expect(JSON.stringify(otpDestinations)).not.toContain('ada@example.com');
    expect(JSON.stringify(otpDestinations)).not.toContain('+4915112345678');
  });

  it.each<[Channel, Channel]>([
    ['mail', 'sms'],
    ['sms', 'mail'],
  ])('are those of %s alone, where the service cannot send by %s', async (available) => {
    const { otpDestinations } = await statusOf([number, mail], available);
    expect(otpDestinations.map(({ channel }) => channel)).toEqual([available]);
  });
});

describe('an account that is deleted', () => {
  it('leaves no counter of sends behind', async () => {
    const ran: unknown[] = [];
    const transaction = { query: async (...query: unknown[]) => void ran.push(query) };
    await factorWith('mail').factor.forget('ada', transaction as never);
    const names = ['account:ada', 'cool-down:ada', 'unproven-account:ada'];
    expect(ran).toEqual([[FORGET_SENDS, { names, prefix: 'unproven:ada:' }]]);
  });
});

describe('a code', () => {
  const source: CodeSource = {
    kid: 'k',
    nonce: Buffer.alloc(16, 2),
    binding: 'session:1',
    channel: 'mail',
    methodId: 'mine',
  };

  it('is another one for another method, channel, challenge or session', () => {
    const sources: CodeSource[] = [
      source,
      { ...source, methodId: 'other' },
      { ...source, methodId: null },
      { ...source, channel: 'sms' },
      { ...source, binding: 'session:2' },
      { ...source, binding: 'challenge:1' },
    ];
    const different = new Set(sources.map((each) => codes.of('ada', each)));
    expect(different.size).toBe(sources.length);
  });
});
