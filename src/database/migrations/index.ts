import { CreateAccounts1764000000001 } from './1764000000001-create-accounts.js';
import { CreateOutbox1764000000200 } from './1764000000200-create-outbox.js';

/** Migrations of the standalone service beside the library's, in order: accounts and outbox. */
export const serviceMigrations = [CreateAccounts1764000000001, CreateOutbox1764000000200];
