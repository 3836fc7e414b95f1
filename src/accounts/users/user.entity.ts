import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** A user of the standalone service. The statements of `users.ts` read and write it. */
@Entity('users')
@Index('users_email_key', ['email'], { unique: true })
// An index on an expression, which entities cannot declare: the migration creates it.
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

  /** bcrypt's modular crypt format over the input that `password-hasher.ts` describes. */
  @Column({ name: 'password_hash', type: 'text' })
  passwordHash!: string;

  /** Every password change increments it. A sign-in that began with an older version opens no session. */
  @Column({ name: 'password_version', type: 'integer', default: 1 })
  passwordVersion!: number;

  /** Copy for responses; the library's own tables decide. */
  @Column({ name: 'two_factor_enabled', type: 'boolean', default: false })
  twoFactorEnabled!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt!: Date;
}
