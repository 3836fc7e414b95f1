import type { UserView } from '../../two-factor/index.js';

/** What `USER_COLUMNS` selects. */
export interface UserRow {
  readonly userId: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly name: string;
  readonly image: string | null;
  readonly twoFactorEnabled: boolean;
  readonly userCreatedAt: Date;
  readonly userUpdatedAt: Date;
}

/** The columns of a user that clients may see. The table's alias is `u`. */
export const USER_COLUMNS = `
  u.id AS "userId", u.email, u.email_verified AS "emailVerified", u.name, u.image,
  u.two_factor_enabled AS "twoFactorEnabled", u.created_at AS "userCreatedAt", u.updated_at AS "userUpdatedAt"`;

export function toUserView(row: UserRow): UserView {
  return {
    id: row.userId,
    email: row.email,
    emailVerified: row.emailVerified,
    name: row.name,
    image: row.image,
    twoFactorEnabled: row.twoFactorEnabled,
    createdAt: row.userCreatedAt,
    updatedAt: row.userUpdatedAt,
  };
}
