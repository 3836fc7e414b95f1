import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Mail } from '../two-factor/index.js';
import { DeliveryError, MessageRefusedError } from './delivery-error.js';
import { DeliveryHealth } from './delivery-health.js';
import { FallbackMailSender } from './mail/fallback-mail-sender.js';
import type { Sender } from './fallback.js';

const MAIL: Mail = { id: '1', to: 'user@example.com', subject: 'Code', text: '123456', html: '' };
const NEVER = new AbortController().signal;

class Working implements Sender<Mail> {
  readonly sent: Mail[] = [];

  async send(mail: Mail): Promise<void> {
    this.sent.push(mail);
  }
}

class Failing implements Sender<Mail> {
  constructor(private readonly error: Error) {}

  async send(): Promise<void> {
    throw this.error;
  }
}

class Deaf implements Sender<Mail> {
  send(): Promise<void> {
    return new Promise(() => undefined);
  }
}

describe('FallbackMailSender', () => {
  let warn: ReturnType<typeof jest.spyOn>;
  const broken = Object.assign(new Error('user@example.com: 123456'), { code: 'ECONNRESET' });

  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('requires at least one sender', () => {
    expect(() => new FallbackMailSender([])).toThrow(RangeError);
  });

  it('calls no other sender when the first one succeeds', async () => {
    const [first, second] = [new Working(), new Working()];
    await new FallbackMailSender([first, second]).send(MAIL, NEVER);
    expect([first.sent.length, second.sent.length]).toEqual([1, 0]);
  });

  it('calls the next sender when one fails, and logs that without the text of the error', async () => {
    const health = new DeliveryHealth();
    const second = new Working();
    await new FallbackMailSender([new Failing(broken), second], { health }).send(MAIL, NEVER);
    expect(second.sent).toEqual([MAIL]);
    expect(health.state('mail')).toBe('ok');
    expect(warn).toHaveBeenCalledWith({
      event: 'delivery.failed',
      channel: 'mail',
      reason: 'Failing 1: Error ECONNRESET',
    });
  });

  it('calls the next sender when one does not answer in time', async () => {
    const second = new Working();
    await new FallbackMailSender([new Deaf(), second], { timeoutMs: 100 }).send(MAIL, NEVER);
    expect(second.sent).toHaveLength(1);
  });

  it('names every sender in the error when all of them fail', async () => {
    const health = new DeliveryHealth();
    const sender = new FallbackMailSender([new Failing(broken), new Deaf()], { timeoutMs: 100, health });
    const failure = await sender.send(MAIL, NEVER).catch((error: unknown) => error);
    expect((failure as Error).constructor).toBe(DeliveryError);
    expect(failure).toMatchObject({ message: 'Failing 1: Error ECONNRESET; Deaf 2: TimeoutError' });
    expect(health.of('mail')).toMatchObject({ failure: 'Failing 1: Error ECONNRESET; Deaf 2: TimeoutError' });
    expect(health.state('mail')).toBe('failing');
  });

  it('throws MessageRefusedError only when every sender refuses the message', async () => {
    const refusing = new Failing(new MessageRefusedError('550'));
    const health = new DeliveryHealth();
    await expect(new FallbackMailSender([refusing, refusing], { health }).send(MAIL, NEVER)).rejects.toThrow(
      MessageRefusedError,
    );
    expect(health.state('mail')).toBe('idle');
    const failure = await new FallbackMailSender([refusing, new Failing(broken)]).send(MAIL, NEVER).catch(String);
    expect(failure).toMatch(/^DeliveryError/);
  });

  it('calls no further sender once it is aborted', async () => {
    const second = new Working();
    const sender = new FallbackMailSender([new Deaf(), second]);
    await expect(sender.send(MAIL, AbortSignal.timeout(20))).rejects.toThrow(DeliveryError);
    await expect(sender.send(MAIL, AbortSignal.abort())).rejects.toThrow(DeliveryError);
    expect(second.sent).toEqual([]);
  });

  it('closes all its senders, even when closing one of them fails', async () => {
    const close = jest.fn<() => void>();
    const sender = new FallbackMailSender([
      { send: async () => undefined, close: () => Promise.reject(broken) },
      { send: async () => undefined, close },
    ]);
    await sender.onApplicationShutdown();
    expect(close).toHaveBeenCalledTimes(1);
  });
});
