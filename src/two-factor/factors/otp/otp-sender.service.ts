import { createHmac, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Prover } from '../../challenge/caller.js';
import { ChallengeService } from '../../challenge/challenge.service.js';
import { EventLog } from '../../events/event-log.js';
import { FactorRegistry } from '../../factor/factor-registry.js';
import { Channels } from '../../messages/channels.js';
import { MessageWriter } from '../../messages/message-writer.js';
import type { Channel } from '../../messages/message.js';
import { AccountDirectory, type Account } from '../../ports/account-directory.js';
import type { IncomingRequest } from '../../ports/incoming-request.js';
import { KeyRing } from '../../ports/key-ring.js';
import { Random } from '../../ports/random.js';
import { originOf, type EventOrigin } from '../../ports/security-events.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { maskMailAddress, maskPhoneNumber } from './destination.js';
import { OtpCodes } from './otp-codes.js';
import { OtpMethodsService } from './otp-methods.service.js';
import type { LiveCode, StoredMethod } from './otp.sql.js';
import { ceilingOf, COOL_DOWN, sendBuckets, SENDS_PER_CHALLENGE } from './send-limits.js';
import { findRecipient, sendCode, type Recipient, type Sending, type SendOutcome } from './send.sql.js';

/** Life of a code. In seconds. */
const CODE_LIFE = 300;

/**
 * Life that a code must have left to be sent again; one with less is replaced. In seconds. A mail takes its time, and so does
 * its reader.
 */
const LEAST_LIFE = 60;

const NONCE_BYTES = 16;

/** Purpose of a derived key: see KeyRing. */
const COUNTER_PURPOSE = 'send-counter';

/** Where a code goes. */
interface Route {
  readonly channel: Channel;
  /** Null for the fallback to the account's own address. */
  readonly method: StoredMethod | null;
}

/** A code on its way. */
export interface SentCode {
  readonly channel: Channel;
  /** Where it goes, masked. */
  readonly destination: string;
}

/** Sends codes: derived, counted and queued, never stored. */
@Injectable()
export class OtpSenderService {
  private readonly findRecipient: ReturnType<typeof findRecipient>;
  private readonly sendCode: ReturnType<typeof sendCode> | null;

  constructor(
    private readonly channels: Channels,
    private readonly methods: OtpMethodsService,
    private readonly writer: MessageWriter,
    private readonly accounts: AccountDirectory,
    private readonly ring: KeyRing,
    private readonly random: Random,
    private readonly options: TwoFactorOptions,
    private readonly codes: OtpCodes,
    private readonly events: EventLog,
    private readonly challenges: ChallengeService,
    registry: FactorRegistry,
  ) {
    this.findRecipient = findRecipient(registry);
    this.sendCode = writer.enqueue && sendCode(writer.enqueue);
  }

  /**
   * Sends a code, the same one again while it lives.
   *
   * @param wanted the channel; without it what the session staged, else the account's own preference
   * @throws {TwoFactorException} INVALID_TWO_FACTOR_COOKIE, TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, OTP_NOT_CONFIGURED,
   *   OTP_NOT_ENABLED, TOO_MANY_REQUESTS
   * @throws {SealBrokenError | UnknownKeyError} after an alarm, when the destination or the live code cannot be opened
   */
  async send(caller: Prover, request: IncomingRequest, wanted?: Channel): Promise<SentCode> {
    const recipient = await this.challenges.lookUp(caller, this.findRecipient);
    if (this.channels.none || !this.sendCode) throw new TwoFactorException('OTP_NOT_CONFIGURED');
    const route = this.routeTo(recipient, wanted);
    if (!route) throw new TwoFactorException('OTP_NOT_ENABLED');
    if (recipient.challengeId !== null && recipient.sends >= SENDS_PER_CHALLENGE) {
      throw tooMany(recipient.challengeLivesFor ?? COOL_DOWN);
    }
    const account = await this.accounts.find(recipient.accountId);
    if (!account) throw new Error('An account with a second factor cannot be found');

    const to = (route.method && this.methods.phoneNumberOf(account.id, route.method)) ?? account.email;
    const binding = bindingOf(recipient, caller.kind === 'session' ? caller.session.sessionId : '');
    const live = recipient.codes?.find(
      ({ channel, methodId, livesFor }) =>
        channel === route.channel && methodId === (route.method?.id ?? null) && livesFor >= LEAST_LIFE,
    );
    const { kid, nonce, life } = live ? asLive(live) : this.fresh();
    const stored = { kid, nonce, binding, channel: route.channel, methodId: route.method?.id ?? null };
    const code = this.codes.of(account.id, stored);
    const subject = { topic: 'code', code, minutes: Math.ceil(life / 60) } as const;
    const payload = this.writer.compose(route.channel, to, subject, {
      language: account.language,
      request,
      life,
    });
    const staged = route.method?.staged ?? false;
    const buckets = sendBuckets(
      {
        accountId: account.id,
        destination: this.digest(route.channel, to),
        staged,
        proven: !staged || route.channel === 'mail',
        scope: recipient.scope,
      },
      route.channel === 'sms' ? this.options.smsPerDay : null,
    );
    const outcome = await this.write(
      this.sendCode,
      {
        ...stored,
        accountId: account.id,
        id: randomUUID(),
        challengeId: recipient.challengeId,
        payload,
        life: CODE_LIFE,
        leastLife: LEAST_LIFE,
        coolDown: COOL_DOWN,
        buckets: buckets.map(({ bucket }) => bucket),
        bursts: buckets.map(({ burst }) => burst),
        intervals: buckets.map(({ every }) => every),
      },
      originOf(request, caller.kind === 'session' ? caller.session : null),
    );
    // Without a wait a parallel request was faster, and has just sent a code.
    if (!outcome?.sent) throw tooMany(outcome?.wait ?? COOL_DOWN);
    return { channel: route.channel, destination: masked(route.channel, to, account) };
  }

  /** Writes, counts and queues a code, and tells of a ceiling that it reached. */
  private async write(
    statement: ReturnType<typeof sendCode>,
    values: Sending,
    origin: EventOrigin,
  ): Promise<SendOutcome | undefined> {
    return this.events.writing(async (transaction) => {
      const [outcome] = await transaction.query(statement, values);
      if (outcome?.sent) this.writer.queued(transaction);
      for (const bucket of outcome?.emptied ?? []) {
        const ceiling = ceilingOf(bucket);
        if (ceiling === null) continue;
        const event = {
          name: 'sms.ceiling-reached',
          accountId: values.accountId,
          ...origin,
          details: { ceiling },
        } as const;
        await this.events.tell(event, transaction);
      }
      return outcome;
    });
  }

  /** What is staged on this session comes first, then confirmed methods, then the account's own address. */
  private routeTo({ methods, fallback: allowed }: Recipient, wanted: Channel | undefined): Route | null {
    const usable = (methods ?? []).filter(
      ({ channel }) => this.channels.has(channel) && (wanted === undefined || channel === wanted),
    );
    const [method] = usable;
    if (method) return { channel: method.channel, method };
    const fallback = allowed && this.options.mailFallback && this.channels.has('mail') && wanted !== 'sms';
    return fallback ? { channel: 'mail', method: null } : null;
  }

  private fresh(): { kid: string; nonce: Buffer; life: number } {
    return { kid: this.ring.current, nonce: this.random.bytes(NONCE_BYTES), life: CODE_LIFE };
  }

  private digest(channel: Channel, to: string): string {
    const key = this.ring.derive(this.ring.current, COUNTER_PURPOSE);
    return createHmac('sha256', key).update(`${channel}:${to.toLowerCase()}`).digest('base64url');
  }
}

function asLive({ kid, nonce, livesFor }: LiveCode): { kid: string; nonce: Buffer; life: number } {
  return { kid, nonce: Buffer.from(nonce, 'hex'), life: livesFor };
}

function bindingOf({ challengeId }: Recipient, sessionId: string): string {
  return challengeId === null ? `session:${sessionId}` : `challenge:${challengeId}`;
}

function masked(channel: Channel, to: string, account: Account): string {
  return channel === 'sms' ? maskPhoneNumber(to) : maskMailAddress(account.email);
}

function tooMany(seconds: number): TwoFactorException {
  return new TwoFactorException('TOO_MANY_REQUESTS', { retryAfter: seconds });
}
