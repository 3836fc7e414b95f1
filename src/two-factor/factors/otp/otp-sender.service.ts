import { createHmac, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ProofOfCode, Prover } from '../../verification/verification.service.js';
import { Channels } from '../../messages/channels.js';
import { MessageWriter } from '../../messages/message-writer.js';
import type { Channel } from '../../messages/message.js';
import { AccountDirectory, type Account } from '../../ports/account-directory.js';
import { KeyRing } from '../../ports/key-ring.js';
import { Random } from '../../ports/random.js';
import { originOf, SecurityEvents } from '../../ports/security-events.js';
import { Database } from '../../postgres/database.js';
import type { Statement } from '../../postgres/statement.js';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { TwoFactorOptions } from '../../two-factor.options.js';
import { maskMailAddress, maskPhoneNumber } from './destination.js';
import { deriveCode } from './one-time-code.js';
import { OtpMethodsService } from './otp-methods.service.js';
import type { OtpSentResponse } from './otp.dto.js';
import {
  FIND_CHALLENGED_RECIPIENT,
  FIND_RECIPIENT,
  CONSUME_EXHAUSTED_CHALLENGE,
  sendCode,
  type LiveCode,
  type Recipient,
  type SendOutcome,
  type StoredMethod,
} from './otp.statements.js';
import { ceilingOf, COOL_DOWN, sendBuckets, SENDS_PER_CHALLENGE } from './send-limits.js';

/** Life of a code. In seconds. */
const CODE_LIFE = 300;

/**
 * Life that a code must have left to be sent again; one with less is replaced. In seconds. A mail takes its time, and so does
 * its reader.
 */
const LEAST_LIFE = 60;

const NONCE_BYTES = 16;

/** Purposes of derived keys: see KeyRing. */
const CODE_PURPOSE = 'one-time-code';
const COUNTER_PURPOSE = 'send-counter';

/** Where a code goes. */
interface Route {
  readonly channel: Channel;
  /** Null for the fallback to the account's own address. */
  readonly method: StoredMethod | null;
}

/** Sends codes: derived, counted and queued, never stored. */
@Injectable()
export class OtpSenderService {
  private readonly sendCode: Statement | null;

  constructor(
    private readonly database: Database,
    private readonly channels: Channels,
    private readonly methods: OtpMethodsService,
    private readonly writer: MessageWriter,
    private readonly accounts: AccountDirectory,
    private readonly ring: KeyRing,
    private readonly random: Random,
    private readonly options: TwoFactorOptions,
    private readonly alarm: UnreadableSecretReporter,
    private readonly events: SecurityEvents,
  ) {
    this.sendCode = writer.enqueueFunction === null ? null : sendCode(writer.enqueueFunction);
  }

  /**
   * Sends a code, the same one again while it lives.
   *
   * @param wanted the channel; without it what the session staged, else the account's own preference
   * @throws {TwoFactorException} INVALID_TWO_FACTOR_COOKIE, TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, OTP_NOT_CONFIGURED,
   *   OTP_NOT_ENABLED, TOO_MANY_REQUESTS
   * @throws {SealBrokenError | UnknownKeyError} after an alarm, when the destination or the live code cannot be opened
   */
  async send({ caller, exchange }: Omit<ProofOfCode, 'code'>, wanted?: Channel): Promise<OtpSentResponse> {
    const recipient = await this.find(caller);
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
    const code = this.alarm.watch(account.id, 'one-time-code', () => this.codeOf(stored));
    const subject = { topic: 'code', code, minutes: Math.ceil(life / 60) } as const;
    const payload = this.writer.compose(route.channel, to, subject, {
      language: account.language,
      request: exchange.request,
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
    const values = [
      binding,
      route.channel,
      account.id,
      randomUUID(),
      recipient.challengeId,
      route.method?.id ?? null,
      kid,
      nonce,
      CODE_LIFE,
      COOL_DOWN,
      buckets.map(({ bucket }) => bucket),
      buckets.map(({ burst }) => burst),
      buckets.map(({ every }) => every),
      payload,
      LEAST_LIFE,
    ];
    const [outcome] = await this.database.query<SendOutcome>(this.sendCode, values);
    for (const bucket of outcome?.emptied ?? []) {
      const ceiling = ceilingOf(bucket);
      if (ceiling === null) continue;
      const origin = originOf(exchange.request, caller.kind === 'session' ? caller.session : null);
      this.events.emit({ name: 'sms.ceiling-reached', accountId: account.id, ...origin, details: { ceiling } });
    }
    // Without a wait a parallel request was faster, and has just sent a code.
    if (!outcome?.sent) throw tooMany(outcome?.wait ?? COOL_DOWN);
    return { status: true, channel: route.channel, destination: masked(route.channel, to, account) };
  }

  private async find(caller: Prover): Promise<Recipient> {
    const allowed = this.options.challengeGuesses;
    const [recipient] =
      caller.kind === 'challenge'
        ? await this.database.query<Recipient>(FIND_CHALLENGED_RECIPIENT, [caller.tokenHash, allowed])
        : await this.database.query<Recipient>(FIND_RECIPIENT, [
            caller.session.accountId,
            caller.session.sessionId,
            caller.session.trustedDeviceId,
          ]);
    if (recipient && !recipient.exhausted) return recipient;
    const said =
      recipient && (await this.database.query(CONSUME_EXHAUSTED_CHALLENGE, [recipient.challengeId, allowed]));
    if (said?.length) throw new TwoFactorException('TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
    throw new TwoFactorException('INVALID_TWO_FACTOR_COOKIE', { bearerError: 'invalid_token' });
  }

  /** The code that a stored binding stands for. */
  codeOf(stored: {
    readonly kid: string;
    readonly nonce: Uint8Array;
    readonly binding: string;
    readonly channel: Channel;
    readonly methodId: string | null;
  }): string {
    const { kid, nonce, binding, channel, methodId } = stored;
    return deriveCode(this.ring.derive(kid, CODE_PURPOSE), [binding, channel, methodId ?? ''], nonce);
  }

  /** What is staged on this session comes first, then confirmed methods, then the account's own address. */
  private routeTo({ methods, totp }: Recipient, wanted: Channel | undefined): Route | null {
    const usable = (methods ?? []).filter(
      ({ channel }) => this.channels.has(channel) && (wanted === undefined || channel === wanted),
    );
    const [method] = usable;
    if (method) return { channel: method.channel, method };
    const fallback = totp && this.options.mailFallback && this.channels.has('mail') && wanted !== 'sms';
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
