import { Injectable } from '@nestjs/common';
import { PasswordVerifier } from '../../two-factor/index.js';
import { Users } from '../users/users.js';
import { isUuid } from '../uuid.js';
import { PasswordHasher } from './password-hasher.js';

/** Checks a signed-in user's password for the library. */
@Injectable()
export class BcryptPasswordVerifier extends PasswordVerifier {
  constructor(
    private readonly users: Users,
    private readonly hasher: PasswordHasher,
  ) {
    super();
  }

  override async verify(accountId: string, password: string): Promise<boolean> {
    const credentials = isUuid(accountId) ? await this.users.credentialsById(accountId) : null;
    return this.hasher.verify(password, credentials?.passwordHash ?? null);
  }
}
