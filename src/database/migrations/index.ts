import { CreateAccounts1764000000001 } from './1764000000001-create-accounts.js';

/** Migrations of the accounts' tables, in order. */
export const accountMigrations = [CreateAccounts1764000000001];
