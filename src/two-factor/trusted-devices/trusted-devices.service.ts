import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { EventLog } from '../events/event-log.js';
import { FactorRegistry } from '../factor/factor-registry.js';
import { MessageWriter, type Addressee } from '../messages/message-writer.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { SessionHold } from '../policy/session-hold.js';
import { headerOf, type HeaderLines, type IncomingRequest } from '../ports/incoming-request.js';
import { Random } from '../ports/random.js';
import { originOf } from '../ports/security-events.js';
import type { IssuedSession, SessionIdentity } from '../ports/session-gateway.js';
import { Database } from '../postgres/database.js';
import type { Transaction } from '../postgres/transaction.js';
import { cookieName, expiredCookie, serializeCookie } from '../tokens/cookies.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { deviceName } from '../messages/device-name.js';
import { newDeviceToken, nextDeviceToken, parseDeviceToken, type DeviceToken } from './device-token.js';
import {
  DROP_DEVICES,
  DROP_RESTING_DEVICES,
  IS_CURRENT_DEVICE,
  LIST_DEVICES,
  RENAME_DEVICE,
  REVOKE_DEVICE,
  trustDevice,
  trustDeviceAndTell,
  trustingDevice,
  type DeviceCaller,
  type ListedDevice,
} from './trusted-devices.statements.js';

const COOKIE = 'trust_device';
const HEADER = 'x-trusted-device';

/** A device about to be trusted. */
export interface FreshDevice {
  readonly id: string;
  readonly token: DeviceToken;
}

/** Whom a device is trusted for, and by what. */
export interface DeviceTrust {
  readonly accountId: string;
  readonly owner: Addressee;
  /** Id of the factor's row that was proven; null where none is known. */
  readonly restsOn: string | null;
}

/** Devices that sign in by password alone: trusted after a second factor, listed, renamed, revoked. */
@Injectable()
export class TrustedDevicesService {
  private readonly trustDevice: ReturnType<typeof trustDevice>;
  private readonly trustDeviceAndTell: ReturnType<typeof trustDeviceAndTell> | null;
  private readonly trustingDevice: ReturnType<typeof trustingDevice>;

  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly options: TwoFactorOptions,
    private readonly messages: MessageWriter,
    private readonly secondFactor: SecondFactorPolicy,
    private readonly events: EventLog,
    private readonly hold: SessionHold,
    registry: FactorRegistry,
  ) {
    this.trustDevice = trustDevice(registry);
    this.trustDeviceAndTell = messages.noticeSql && trustDeviceAndTell(registry, messages.noticeSql);
    this.trustingDevice = trustingDevice(registry);
  }

  /** @returns the device token that came along, as header or else as cookie; null when there is none */
  presented(request: Pick<IncomingRequest, 'headers' | 'cookies'>): DeviceToken | null {
    return parseDeviceToken(headerOf(request, HEADER)) ?? parseDeviceToken(request.cookies[this.cookieName]);
  }

  fresh(): FreshDevice {
    return { id: randomUUID(), token: newDeviceToken(this.random) };
  }

  /** @returns the token that the device of a token gets next */
  next(token: DeviceToken): DeviceToken {
    return nextDeviceToken(this.random, token);
  }

  /** Trusts the device that a request comes from, in the place of what this browser held for the account before. */
  async trust(
    { id, token }: FreshDevice,
    { accountId, owner, restsOn }: DeviceTrust,
    request: IncomingRequest,
    transaction: Transaction = this.database,
  ): Promise<void> {
    const { deviceLife, deviceAbsoluteLife } = this.options;
    const values = {
      accountId,
      id,
      tokenHash: token.hash,
      familyHash: token.familyHash,
      replacedFamily: this.presented(request)?.familyHash ?? null,
      restsOn,
      name: deviceName(request.userAgent),
      address: request.ip ?? null,
      deviceLife,
      absoluteLife: deviceAbsoluteLife,
    };
    const notice = this.messages.notice(owner, { topic: 'device-trusted' }, request);
    if (notice === null || this.trustDeviceAndTell === null) await transaction.query(this.trustDevice, values);
    else {
      const [outcome] = await transaction.query(this.trustDeviceAndTell, { ...values, ...notice });
      if (outcome?.told) this.messages.queued(transaction);
    }
  }

  /** Tells that a device is trusted from now on. @param issued the session that it was trusted along with */
  async tellTrusted(
    issued: IssuedSession,
    request: IncomingRequest,
    transaction: Transaction = this.database,
  ): Promise<void> {
    const accountId = issued.session.userId;
    const origin = originOf(request, issued);
    await this.events.tell({ name: 'two-factor.device-trusted', accountId, ...origin }, transaction);
  }

  /** @returns header lines that hand a browser its token */
  handOver({ token }: FreshDevice): HeaderLines {
    return this.cookie(token.text, this.options.deviceLife);
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
    const [device] = await this.database.query(this.trustingDevice, {
      accountId,
      sessionDevice,
      presentedHash: presented?.hash ?? null,
      familyHash: presented?.familyHash ?? null,
    });
    return device?.id ?? null;
  }

  /** Ends the trust in all devices, because the factor that it rested on is gone. */
  async dropAll(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(DROP_DEVICES, { accountId });
  }

  /** Ends the trust in the devices that rest on one row of a factor, which is removed. */
  async dropResting(accountId: string, factorId: string, transaction: Transaction): Promise<void> {
    await transaction.query(DROP_RESTING_DEVICES, { accountId, factorId });
  }

  /** @returns the account's devices, the one used last first */
  async list(session: SessionIdentity, request: IncomingRequest): Promise<ListedDevice[]> {
    return this.database.query(LIST_DEVICES, this.callerOf(session, request));
  }

  /**
   * Renames a device. Any session may rename its own device; renaming another one requires a strong session. Otherwise a thief
   * could give his device the name of the owner's.
   *
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED; TRUSTED_DEVICE_NOT_FOUND, for devices of other accounts too;
   *   UNAUTHORIZED when the session ended meanwhile
   */
  async rename(session: SessionIdentity, id: string, name: string, request: IncomingRequest): Promise<ListedDevice> {
    return this.change(session, id, request, async (transaction) => {
      const values = { ...this.callerOf(session, request), id, name };
      const [device] = isUUID(id) ? await transaction.query(RENAME_DEVICE, values) : [];
      if (!device) throw new TwoFactorException('TRUSTED_DEVICE_NOT_FOUND');
      return device;
    });
  }

  /**
   * Ends the trust in one device. Any session may end that of its own device; ending another one requires a strong session.
   *
   * @returns header lines for the answer
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, TRUSTED_DEVICE_NOT_FOUND, UNAUTHORIZED when the session ended
   *   meanwhile
   */
  async revoke(session: SessionIdentity, id: string, request: IncomingRequest): Promise<HeaderLines> {
    return this.change(session, id, request, async (transaction, own) => {
      const revoked = isUUID(id) ? await transaction.query(REVOKE_DEVICE, { accountId: session.accountId, id }) : [];
      if (revoked.length === 0) throw new TwoFactorException('TRUSTED_DEVICE_NOT_FOUND');
      await this.tellRevoked(1, session, request, transaction);
      return own ? this.expiredCookie(request) : [];
    });
  }

  /** @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, UNAUTHORIZED when the session ended meanwhile */
  async revokeAll(session: SessionIdentity, request: IncomingRequest): Promise<HeaderLines> {
    await this.secondFactor.require(session);
    await this.database.transaction(async (transaction) => {
      const { length } = await transaction.query(DROP_DEVICES, { accountId: session.accountId });
      if (length > 0) await this.tellRevoked(length, session, request, transaction);
      await this.hold.strong(session, transaction);
    });
    return this.expiredCookie(request);
  }

  /** Changes a device in a transaction that holds the session; other devices than its own need a strong one. */
  private async change<T>(
    session: SessionIdentity,
    id: string,
    request: IncomingRequest,
    write: (transaction: Transaction, own: boolean) => Promise<T>,
  ): Promise<T> {
    const current = isUUID(id)
      ? await this.database.query(IS_CURRENT_DEVICE, { ...this.callerOf(session, request), id })
      : [];
    const own = current.length > 0;
    if (!own) await this.secondFactor.require(session);
    return this.database.transaction(async (transaction) => {
      const result = await write(transaction, own);
      await (own ? this.hold.live(session, transaction) : this.hold.strong(session, transaction));
      return result;
    });
  }

  private async tellRevoked(
    devices: number,
    session: SessionIdentity,
    request: IncomingRequest,
    transaction: Transaction,
  ): Promise<void> {
    const { accountId } = session;
    const origin = originOf(request, session);
    await this.events.tell(
      { name: 'two-factor.device-revoked', accountId, ...origin, details: { devices } },
      transaction,
    );
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

  private callerOf({ accountId, trustedDeviceId }: SessionIdentity, request: IncomingRequest): DeviceCaller {
    return { accountId, sessionDevice: trustedDeviceId, familyHash: this.presented(request)?.familyHash ?? null };
  }

  private get cookieName(): string {
    return cookieName(COOKIE, this.options.secureCookies);
  }
}
