import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { EnrolmentService, type StagedFactor } from '../../enrolment/enrolment.service.js';
import { RemovalService } from '../../enrolment/removal.service.js';
import { deviceName } from '../../messages/device-name.js';
import type { IncomingRequest } from '../../ports/incoming-request.js';
import type { SessionIdentity } from '../../ports/session-gateway.js';
import { Database } from '../../postgres/database.js';
import { TwoFactorException } from '../../two-factor.errors.js';
import { VerificationService, type Verified } from '../../verification/verification.service.js';
import { CONSUME_REGISTRATION } from './ceremony.sql.js';
import { CeremoniesService } from './ceremonies.service.js';
import {
  CHALLENGE_NOT_FOUND,
  FAILED_TO_VERIFY_REGISTRATION,
  NOT_ALLOWED_TO_REGISTER,
  PASSKEY_NOT_FOUND,
  PREVIOUSLY_REGISTERED,
} from './passkey.errors.js';
import { PasskeyFactor, type PasskeyEnrolment } from './passkey.factor.js';
import { LIST_PASSKEYS, RENAME_PASSKEY, type ListedPasskey } from './passkey.sql.js';
import { readAttestation } from './response.js';
import { verifyAttestation } from './webauthn.js';

/** SQLSTATE of a unique violation. */
const UNIQUE_VIOLATION = '23505';

/** A passkey that is in force now, and the session that registered it. */
export interface Registered {
  readonly passkey: ListedPasskey;
  /** Shown this once, where the passkey turned two-factor on. */
  readonly backupCodes?: readonly string[];
  readonly verified: Verified;
}

/** The passkeys of accounts: registered, listed, renamed, removed. */
@Injectable()
export class PasskeysService {
  constructor(
    private readonly factor: PasskeyFactor,
    private readonly ceremonies: CeremoniesService,
    private readonly enrolment: EnrolmentService,
    private readonly removal: RemovalService,
    private readonly verification: VerificationService,
    private readonly database: Database,
  ) {}

  /**
   * Registers a passkey for the session that asked for the options. The ceremony is used up before anything is verified. The
   * session gets a new token and is strong from now on.
   *
   * @param body what the authenticator answered
   * @throws {TwoFactorException} PASSKEYS_NOT_CONFIGURED, CHALLENGE_NOT_FOUND, FAILED_TO_VERIFY_REGISTRATION,
   *   YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY, PREVIOUSLY_REGISTERED, TOO_MANY_PASSKEYS, SECOND_FACTOR_REQUIRED, UNAUTHORIZED
   *   when the session ended meanwhile
   */
  async register(
    session: SessionIdentity,
    body: unknown,
    name: string | undefined,
    request: IncomingRequest,
  ): Promise<Registered> {
    const passkeys = this.ceremonies.requireOptions();
    const attestation = readAttestation(body);
    if (!attestation) throw new TwoFactorException(CHALLENGE_NOT_FOUND);
    const { response, client, credentialId } = attestation;
    const [ceremony] = await this.database.query(CONSUME_REGISTRATION, { ceremonyHash: client.ceremonyHash });
    if (!ceremony) throw new TwoFactorException(CHALLENGE_NOT_FOUND);
    if (ceremony.accountId !== session.accountId || ceremony.sessionId !== session.sessionId) {
      throw new TwoFactorException(NOT_ALLOWED_TO_REGISTER);
    }
    const credential = await verifyAttestation(response, client, passkeys);
    if (!credential) throw new TwoFactorException(FAILED_TO_VERIFY_REGISTRATION);
    const { allowedAaguids } = passkeys;
    if (allowedAaguids && !allowedAaguids.has(credential.aaguid)) throw new TwoFactorException(NOT_ALLOWED_TO_REGISTER);

    const { transports = [] } = response.response;
    const enrolment = { credentialId, credential, transports, name: name ?? deviceName(request.userAgent) };
    const { id, backupCodes } = (await this.stage(enrolment, session)) as { id: string; backupCodes?: string[] };
    const attempt = { kind: 'registration', id, credential } as const;
    const caller = { kind: 'session', session } as const;
    const verified = await this.verification.verify(this.factor, { caller, attempt, request });
    const passkey = (await this.list(session.accountId)).find((each) => each.id === id);
    if (!passkey) throw new TwoFactorException(PASSKEY_NOT_FOUND);
    return { passkey, ...(backupCodes && { backupCodes }), verified };
  }

  async list(accountId: string): Promise<ListedPasskey[]> {
    return this.database.query(LIST_PASSKEYS, { accountId });
  }

  /** @throws {TwoFactorException} PASSKEY_NOT_FOUND, for passkeys of other accounts too */
  async rename({ accountId }: SessionIdentity, id: string, name: string): Promise<ListedPasskey> {
    const [passkey] = isUUID(id) ? await this.database.query(RENAME_PASSKEY, { accountId, id, name }) : [];
    if (!passkey) throw new TwoFactorException(PASSKEY_NOT_FOUND);
    return passkey;
  }

  /**
   * @throws {TwoFactorException} SECOND_FACTOR_REQUIRED, LAST_FACTOR; PASSKEY_NOT_FOUND, for passkeys of other accounts too;
   *   UNAUTHORIZED when the session ended meanwhile
   */
  async remove(session: SessionIdentity, id: string, request: IncomingRequest): Promise<void> {
    await this.removal.remove(this.factor, id, session, request, PASSKEY_NOT_FOUND);
  }

  private async stage(enrolment: PasskeyEnrolment, session: SessionIdentity): Promise<StagedFactor> {
    try {
      return await this.enrolment.stageBySession(this.factor, enrolment, session);
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION;
      throw taken ? new TwoFactorException(PREVIOUSLY_REGISTERED) : error;
    }
  }
}
