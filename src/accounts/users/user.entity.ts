import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** Somebody with an account. Read and written by the statements of `users.ts`. */
@Entity('users')
@Index('users_email_key', ['email'], { unique: true })
// On an expression, which entities cannot name: the migration does.
@Index('users_password_cost_idx', { synchronize: false })
export class User {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'users_pkey' })
  id!: string;

  /** In its canonical form, so that one mailbox is one account: see `parseEmailAddress`. */
  @Column({ type: 'text' })
  email!: string;

  @Column({ name: 'email_verified', type: 'boolean', default: false })
  emailVerified!: boolean;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  image!: string | null;

  /** Modular crypt format of bcrypt, over what `password-hasher.ts` says. */
  @Column({ name: 'password_hash', type: 'text' })
  passwordHash!: string;

  /** Goes up with every changed password. A sign-in that began with an older one opens no session. */
  @Column({ name: 'password_version', type: 'integer', default: 1 })
  passwordVersion!: number;

  /** A note for answers; the library's own tables decide. */
  @Column({ name: 'two_factor_enabled', type: 'boolean', default: false })
  twoFactorEnabled!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt!: Date;
}
