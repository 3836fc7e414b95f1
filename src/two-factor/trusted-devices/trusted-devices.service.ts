import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { cookieName, expiredCookie, serializeCookie } from '../credentials/cookies.js';
import { single, type HeaderLines } from '../credentials/http-exchange.js';
import { SecondFactorPolicy } from '../credentials/second-factor-policy.js';
import { isToken, newToken, tokenHash } from '../credentials/tokens.js';
import { MessageWriter, type Addressee } from '../messages/message-writer.js';
import { Random } from '../ports/random.js';
import { originOf, SecurityEvents } from '../ports/security-events.js';
import type { IncomingRequest, IssuedSession, SessionIdentity } from '../ports/session-gateway.js';
import type { Transaction } from '../ports/transaction.js';
import { Database } from '../postgres/database.js';
import type { Statement } from '../postgres/statement.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { deviceName } from './device-name.js';
import {
  DROP_DEVICES,
  IS_CURRENT_DEVICE,
  LIST_DEVICES,
  RENAME_DEVICE,
  REVOKE_DEVICE,
  trustDevice,
  TRUSTING_DEVICE,
  type ListedDevice,
} from './trusted-devices.statements.js';

const TOKEN_PREFIX = 'tfd_';
const COOKIE = 'trust_device';
const HEADER = 'x-trusted-device';

const TRUST = trustDevice(null);

/** A device about to be trusted. */
export interface FreshDevice {
  readonly id: string;
  readonly token: string;
}

/** Devices that sign in by password alone: trusted after a second factor, listed, renamed, revoked. */
@Injectable()
export class TrustedDevicesService {
  private readonly trustAndTell: Statement;

  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly options: TwoFactorOptions,
    private readonly messages: MessageWriter,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly events: SecurityEvents,
  ) {
    this.trustAndTell = trustDevice(messages.enqueueFunction);
  }

  /** @returns hash of the device token that came along, as header or else as cookie; null when there is none */
  presented({ headers, cookies }: IncomingRequest): Buffer | null {
    const tokens = [single(headers[HEADER]), cookies[this.cookieName]];
    const token = tokens.find((text) => isToken(text, TOKEN_PREFIX));
    return token === undefined ? null : tokenHash(token);
  }

  fresh(): FreshDevice {
    return { id: randomUUID(), token: newToken(this.random, TOKEN_PREFIX) };
  }

  /** Trusts the device that a request comes from, in the place of what this browser held for the account before. */
  async trust(
    { id, token }: FreshDevice,
    accountId: string,
    owner: Addressee,
    request: IncomingRequest,
    transaction: Transaction = this.database,
  ): Promise<void> {
    const { deviceLife, deviceAbsoluteLife } = this.options;
    const values = [
      accountId,
      this.presented(request),
      id,
      tokenHash(token),
      deviceName(request.userAgent),
      request.ip ?? null,
      deviceLife,
      deviceAbsoluteLife,
    ];
    const notice = this.messages.notice(owner, { topic: 'device-trusted' }, request);
    if (notice === null) await transaction.query(TRUST, values);
    else await transaction.query(this.trustAndTell, [...values, ...notice]);
  }

  /** Tells that the trust is committed. @returns header lines that hand a browser its token */
  trusted({ token }: FreshDevice, issued: IssuedSession, request: IncomingRequest): HeaderLines {
    const accountId = issued.session.userId;
    this.events.emit({ name: 'two-factor.device-trusted', accountId, ...originOf(request, issued) });
    return this.cookie(token, this.options.deviceLife);
  }

  /**
   * Asks the database only where a device could be found.
   *
   * @param sessionDevice id of the device that the request's session knows
   * @returns id of the device that the account trusts and that the request comes from, or null
   */
  async trusting(
    accountId: string,
    request: IncomingRequest,
    sessionDevice: string | null = null,
  ): Promise<string | null> {
    const presented = this.presented(request);
    if (presented === null && sessionDevice === null) return null;
    const [device] = await this.database.query<{ id: string }>(TRUSTING_DEVICE, [accountId, sessionDevice, presented]);
    return device?.id ?? null;
  }

  /** Ends all trust, for what it rested on is gone. */
  async dropAll(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(DROP_DEVICES, [accountId]);
  }

  /** @returns the account's devices, the one used last first */
  async list(session: SessionIdentity, request: IncomingRequest): Promise<ListedDevice[]> {
    return this.database.query<ListedDevice>(LIST_DEVICES, this.from(session, request));
  }

  /** @throws {TwoFactorException} TRUSTED_DEVICE_NOT_FOUND, for devices of other accounts too */
  async rename(session: SessionIdentity, id: string, name: string, request: IncomingRequest): Promise<ListedDevice> {
    const values = [...this.from(session, request), id, name];
    const [device] = isUUID(id) ? await this.database.query<ListedDevice>(RENAME_DEVICE, values) : [];
    if (!device) throw new TwoFactorException('TRUSTED_DEVICE_NOT_FOUND');
    return device;
  }

  /**
   * Ends the trust in one device. In the own one any session may, in others a strong one.
   *
   * @returns header lines for the answer
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, TRUSTED_DEVICE_NOT_FOUND
   */
  async revoke(session: SessionIdentity, id: string, request: IncomingRequest): Promise<HeaderLines> {
    const { accountId } = session;
    const own = isUUID(id) ? await this.database.query(IS_CURRENT_DEVICE, [...this.from(session, request), id]) : [];
    if (own.length === 0) await this.secondFactor.require(session);
    const revoked = isUUID(id) ? await this.database.query(REVOKE_DEVICE, [accountId, id]) : [];
    if (revoked.length === 0) throw new TwoFactorException('TRUSTED_DEVICE_NOT_FOUND');
    this.tellRevoked(1, session, request);
    return own.length > 0 ? this.expiredCookie(request) : [];
  }

  /** @throws {TwoFactorException} SECOND_FACTOR_REQUIRED */
  async revokeAll(session: SessionIdentity, request: IncomingRequest): Promise<HeaderLines> {
    await this.secondFactor.require(session);
    const { accountId } = session;
    const { length } = await this.database.query(DROP_DEVICES, [accountId]);
    if (length > 0) this.tellRevoked(length, session, request);
    return this.expiredCookie(request);
  }

  private tellRevoked(devices: number, session: SessionIdentity, request: IncomingRequest): void {
    const { accountId } = session;
    const origin = originOf(request, session);
    this.events.emit({ name: 'two-factor.device-revoked', accountId, ...origin, details: { devices } });
  }

  /** Header lines that hand a browser its device token. `life` in seconds. */
  cookie(token: string, life: number): HeaderLines {
    return [['set-cookie', serializeCookie(COOKIE, token, { secure: this.options.secureCookies, maxAge: life })]];
  }

  /** Header lines that make a browser forget a device token, if it sent one. */
  expiredCookie({ cookies }: IncomingRequest): HeaderLines {
    if (cookies[this.cookieName] === undefined) return [];
    return [['set-cookie', expiredCookie(COOKIE, this.options.secureCookies)]];
  }

  /** The token as a member of the answer, for whoever sent no cookie: browsers must not show it to scripts. */
  inBody({ headers }: IncomingRequest, token: string | undefined): { trustedDeviceToken?: string } {
    return token !== undefined && headers['cookie'] === undefined ? { trustedDeviceToken: token } : {};
  }

  private from(session: SessionIdentity, request: IncomingRequest): readonly unknown[] {
    return [session.accountId, session.trustedDeviceId, this.presented(request)];
  }

  private get cookieName(): string {
    return cookieName(COOKIE, this.options.secureCookies);
  }
}
