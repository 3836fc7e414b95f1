import { Injectable } from '@nestjs/common';
import { Database } from '../../two-factor/index.js';
import { AccountsException } from '../accounts.errors.js';
import type { AccountSession } from '../sessions/session-row.js';
import type { LinkedAccountResponse, UpdateUserRequest } from './profile.dto.js';
import { UPDATE_USER } from './profile.statements.js';

/** Changes the profile fields that need no more than a session. */
@Injectable()
export class ProfileService {
  constructor(private readonly database: Database) {}

  /** @throws {AccountsException} EMAIL_CAN_NOT_BE_UPDATED, NO_FIELDS_TO_UPDATE */
  async update({ name, image, email }: UpdateUserRequest, { accountId }: AccountSession): Promise<void> {
    if (email) throw new AccountsException('EMAIL_CAN_NOT_BE_UPDATED');
    if (name === undefined && image === undefined) throw new AccountsException('NO_FIELDS_TO_UPDATE');
    const changesImage = image !== undefined;
    await this.database.query(UPDATE_USER, { accountId, name: name ?? null, changesImage, image: image ?? null });
  }

  /** Returns the only way to sign in: address and password. */
  accounts({ user }: AccountSession): LinkedAccountResponse[] {
    const { id, createdAt, updatedAt } = user;
    return [{ id, providerId: 'credential', accountId: id, userId: id, createdAt, updatedAt, scopes: [] }];
  }
}
