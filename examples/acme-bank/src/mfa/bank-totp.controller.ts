import { TotpController, TwoFactorException, type IncomingRequest, type SessionIdentity } from 'nestjs-two-factor';

/** The library's routes of authenticator apps, with a stricter rule: the bank shows a secret only during its enrolment. */
export class BankTotpController extends TotpController {
  protected override async uri(session: SessionIdentity, password: string, request: IncomingRequest): Promise<string> {
    const { staged } = await this.authenticators.visibleTo(session);
    if (!staged) throw new TwoFactorException('TOTP_NOT_ENABLED');
    return super.uri(session, password, request);
  }
}
