import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { PasswordRequests } from '../../rate-limits/password-requests.js';
import { type PasswordSender, PasswordVerifier } from '../../two-factor/index.js';
import { Users } from '../users/users.js';
import { PasswordGuesses } from './password-guesses.service.js';

/** Implements the library's port: checks a signed-in user's password. */
@Injectable()
export class BcryptPasswordVerifier extends PasswordVerifier {
  constructor(
    private readonly users: Users,
    private readonly guesses: PasswordGuesses,
    private readonly requests: PasswordRequests,
  ) {
    super();
  }

  /** @throws {TwoFactorException} TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE */
  override async verify(accountId: string, password: string, sender: PasswordSender): Promise<boolean> {
    await this.requests.admit(sender.request.ip);
    const credentials = isUUID(accountId, 'loose') ? await this.users.credentialsById(accountId) : null;
    const guess = {
      address: credentials?.email ?? accountId,
      ip: sender.request.ip,
      abandoned: sender.request.abandoned,
      accountId,
      trustedDevice: () => sender.trustedDevice(),
    };
    return (await this.guesses.evaluate(password, guess, async () => credentials)) !== null;
  }
}
