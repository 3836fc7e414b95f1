import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { createApp } from '../src/app.js';
import { Customers } from '../src/customers/customers.js';
import { BANK } from '../src/database/data-source-options.js';
import { BankSettings } from '../src/settings.js';
import { AuthenticatorApp } from './authenticator-app.js';
import { BankClient } from './bank-client.js';

export const PASSWORD = 'correct horse battery staple';

/** The bank, listening, and a client of it. */
export class RunningBank extends BankClient {
  private constructor(
    readonly app: INestApplication,
    private readonly origin: string,
  ) {
    super(`${origin}/api/v1`);
  }

  static async start(): Promise<RunningBank> {
    const app = await createApp(new BankSettings());
    await app.listen(0, '127.0.0.1');
    return new RunningBank(app, await app.getUrl());
  }

  close(): Promise<void> {
    return this.app.close();
  }

  async register() {
    const email = `${randomUUID()}@example.com`;
    const id = await this.app.get(Customers, { strict: false }).register(email, 'Carla Customer', PASSWORD);
    return { id, email };
  }

  async login(email: string, headers: Record<string, string> = {}) {
    const { status, body } = await this.post('/login', { email, password: PASSWORD }, undefined, headers);
    assert.equal(status, 200);
    return body;
  }

  /** A customer who has two-factor on, and the tokens of the session before and after the second factor was proven. */
  async enrol() {
    const customer = await this.register();
    const { session } = await this.login(customer.email);
    const staged = await this.post('/security/mfa/enable', { password: PASSWORD }, session);
    assert.equal(staged.status, 200);
    const phone = new AuthenticatorApp(staged.body.totpURI);
    const verified = await this.post('/security/mfa/verify-totp', { code: phone.code() }, session);
    assert.equal(verified.status, 200);
    return { ...customer, phone, replaced: session, strong: verified.body.token as string };
  }

  /** The OpenAPI document of the bank. */
  async document() {
    const response = await fetch(`${this.origin}/docs-json`);
    return (await response.json()) as OpenAPIObject;
  }

  async query(statement: string, ...values: unknown[]): Promise<Array<Record<string, unknown>>> {
    return this.app.get<DataSource>(getDataSourceToken(BANK), { strict: false }).query(statement, values);
  }
}
