import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { Database } from 'nestjs-two-factor';
import {
  describeAccountDirectory,
  describeKeyRing,
  describePasswordVerifier,
  describeSessionGateway,
} from 'nestjs-two-factor/testing';
import { DataSource } from 'typeorm';
import { Customer } from '../src/customers/customer.entity.js';
import { Customers } from '../src/customers/customers.js';
import { dataSourceOptions } from '../src/database/data-source-options.js';
import { BankAccounts } from '../src/security/bank-accounts.js';
import { BankPasswords } from '../src/security/bank-passwords.js';
import { BankSessions } from '../src/security/bank-sessions.js';
import { VaultKeyRing } from '../src/security/vault-key-ring.js';
import { BankSettings } from '../src/settings.js';

/** Holds the bank's ports to the library's contracts, on the migrated database of BANK_DATABASE_URL. */
const settings = new BankSettings();
const dataSource = new DataSource(dataSourceOptions(settings.databaseUrl));
const customers = new Customers(dataSource.getRepository(Customer));

/** An id of the right form that no customer has. */
const missing = '9000000000000000000';

beforeAll(() => dataSource.initialize());
afterAll(() => dataSource.destroy());

async function newCustomer() {
  const password = randomUUID();
  return { accountId: await customers.register(`${randomUUID()}@example.com`, 'Carla Customer', password), password };
}
const newAccount = async () => (await newCustomer()).accountId;

describeAccountDirectory('BankAccounts', async () => {
  const database = new Database(dataSource);
  return { accounts: new BankAccounts(customers), newAccount, missing, database };
});

describePasswordVerifier('BankPasswords', async () => {
  return { passwords: new BankPasswords(customers), newAccount: newCustomer, missing };
});

describeSessionGateway('BankSessions', async () => {
  const gateway = new BankSessions(dataSource, customers);
  const expire = async (sessionId: string) => {
    await dataSource.query('UPDATE customer_session SET expires_at = now() WHERE id = $1', [sessionId]);
  };
  return { gateway, newAccount, context: { branch: 'online' }, expire, database: new Database(dataSource) };
});

const loadKeys = () => VaultKeyRing.load(settings);
describeKeyRing('VaultKeyRing', async () => ({ ring: await loadKeys(), again: loadKeys }));
