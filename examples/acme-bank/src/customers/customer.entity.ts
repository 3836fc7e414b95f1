import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';

/** A customer of the bank. */
@Entity('customer')
export class Customer {
  /** The driver gives a bigint as text. */
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ type: 'text', unique: true })
  email!: string;

  @Column({ name: 'full_name', type: 'text' })
  fullName!: string;

  /** Salt and hash by scrypt, in hex, with a colon between them. */
  @Column({ name: 'password_digest', type: 'text' })
  passwordDigest!: string;

  /** For the bank's own screens. The library never reads it. */
  @Column({ name: 'uses_second_factor', type: 'boolean', default: false })
  usesSecondFactor!: boolean;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
