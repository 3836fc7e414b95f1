import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Transaction, UserView } from 'nestjs-two-factor';
import { DataSource } from 'typeorm';
import { BANK } from '../database/data-source-options.js';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** A customer. `id` is a bigint, which the driver gives as text. */
export interface Customer {
  readonly id: string;
  readonly email: string;
  readonly fullName: string;
  readonly passwordDigest: string;
  readonly usesSecondFactor: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = `id, email, full_name AS "fullName", password_digest AS "passwordDigest",
  uses_second_factor AS "usesSecondFactor", created_at AS "createdAt", updated_at AS "updatedAt"`;

@Injectable()
export class Customers {
  constructor(@InjectDataSource(BANK) private readonly database: DataSource) {}

  /** @returns the id of the new customer */
  async register(email: string, fullName: string, password: string): Promise<string> {
    const rows: Array<{ id: string }> = await this.database.query(
      `INSERT INTO customer (email, full_name, password_digest) VALUES ($1, $2, $3) RETURNING id`,
      [email, fullName, await digest(password, randomBytes(16))],
    );
    return rows[0]?.id ?? '';
  }

  /** @param transaction what runs in a transaction of the library must use its connection, see `Transaction` */
  async find(id: string, transaction?: Transaction): Promise<Customer | null> {
    return this.one(`id = $1::bigint`, id, transaction);
  }

  async byEmail(email: string): Promise<Customer | null> {
    return this.one(`email = $1`, email);
  }

  async hasPassword(customer: Customer | null, password: string): Promise<boolean> {
    // An unknown customer costs as much time as a wrong password.
    const [salt = '', hash = ''] = (customer?.passwordDigest ?? `${'0'.repeat(32)}:${'0'.repeat(64)}`).split(':');
    const given = await derive(password, Buffer.from(salt, 'hex'), 32);
    return timingSafeEqual(given, Buffer.from(hash, 'hex')) && customer !== null;
  }

  private async one(condition: string, value: string, transaction?: Transaction): Promise<Customer | null> {
    const statement = `SELECT ${COLUMNS} FROM customer WHERE ${condition}`;
    const rows: Customer[] = transaction
      ? await transaction.query<Customer>(statement, [value])
      : await this.database.query(statement, [value]);
    return rows[0] ?? null;
  }
}

/** The `user` member of the library's answers. */
export function toView(customer: Customer): UserView {
  const { id, email, fullName, usesSecondFactor, createdAt, updatedAt } = customer;
  return {
    id,
    email,
    emailVerified: true,
    name: fullName,
    image: null,
    twoFactorEnabled: usesSecondFactor,
    createdAt,
    updatedAt,
  };
}

async function digest(password: string, salt: Buffer): Promise<string> {
  return `${salt.toString('hex')}:${(await derive(password, salt, 32)).toString('hex')}`;
}
