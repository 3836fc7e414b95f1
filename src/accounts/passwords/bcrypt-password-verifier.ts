import { Injectable } from '@nestjs/common';
import { type PasswordSender, PasswordVerifier } from '../../two-factor/index.js';
import { Users } from '../users/users.js';
import { isUuid } from '../uuid.js';
import { PasswordGuesses } from './password-guesses.service.js';

/** Checks a signed-in user's password for the library. */
@Injectable()
export class BcryptPasswordVerifier extends PasswordVerifier {
  constructor(
    private readonly users: Users,
    private readonly guesses: PasswordGuesses,
  ) {
    super();
  }

  /** @throws {TwoFactorException} TOO_MANY_REQUESTS */
  override async verify(accountId: string, password: string, sender: PasswordSender): Promise<boolean> {
    const credentials = isUuid(accountId) ? await this.users.credentialsById(accountId) : null;
    const guess = {
      address: credentials?.email ?? accountId,
      ip: sender.request.ip,
      trustedDevice: () => sender.trustedDevice(),
    };
    return (await this.guesses.evaluate(password, guess, async () => credentials)) !== null;
  }
}
