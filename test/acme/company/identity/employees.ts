import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { UserView } from '../../../../src/two-factor/index.js';

/** Name of Acme's TypeORM data source, which is not the default one. */
export const ACME_DATABASE = 'acme';

/** A row of the table of employees. */
export interface Employee {
  readonly id: number;
  readonly username: string;
  readonly fullName: string;
  readonly department: string;
  readonly usesSecondFactor: boolean;
  readonly hiredAt: Date;
}

/** The `user` member of responses, with an additional member of Acme. */
export interface EmployeeView extends UserView {
  readonly department: string;
}

export const EMPLOYEE_COLUMNS = `id, username, full_name AS "fullName", department,
  uses_second_factor AS "usesSecondFactor", hired_at AS "hiredAt"`;

/** Reads and writes Acme's employees. */
@Injectable()
export class Employees {
  constructor(@InjectDataSource(ACME_DATABASE) private readonly database: DataSource) {}

  async hire(username: string, password: string, department = 'Anvils'): Promise<number> {
    const [row] = await this.database.query<Array<{ id: number }>>(
      `INSERT INTO employee (username, full_name, department, password_digest) VALUES ($1, $1, $2, $3) RETURNING id`,
      [username, department, digest(username, password)],
    );
    if (!row) throw new Error('The employee was not created');
    return row.id;
  }

  async find(id: number): Promise<Employee | null> {
    return this.one(`id = $1`, [id]);
  }

  async byPassword(username: string, password: string): Promise<Employee | null> {
    return this.one(`username = $1 AND password_digest = $2`, [username, digest(username, password)]);
  }

  private async one(condition: string, values: unknown[]): Promise<Employee | null> {
    const rows = await this.database.query<Employee[]>(
      `SELECT ${EMPLOYEE_COLUMNS} FROM employee WHERE ${condition}`,
      values,
    );
    return rows[0] ?? null;
  }
}

export function toView(employee: Employee): EmployeeView {
  const { id, username, fullName, department, usesSecondFactor, hiredAt } = employee;
  return {
    id: String(id),
    email: `${username}@acme.example`,
    emailVerified: true,
    name: fullName,
    image: null,
    twoFactorEnabled: usesSecondFactor,
    createdAt: hiredAt,
    updatedAt: hiredAt,
    department,
  };
}

/** A cheap hash, because tests sign in hundreds of times. How Acme should store passwords is not under test. */
function digest(username: string, password: string): string {
  return createHash('sha256').update(`${username}\0${password}`).digest('hex');
}
