import { CreateAccounts1764000000001 } from './1764000000001-create-accounts.js';
import { AddSessionStrength1764000000400 } from './1764000000400-add-session-strength.js';
import { IndexPasswordCost1764000000600 } from './1764000000600-index-password-cost.js';
import { AccountLinks1764000001100 } from './1764000001100-account-links.js';
import { IndexSessionEnd1764000001600 } from './1764000001600-index-session-end.js';

/** Migrations of the standalone service beside those of the library and its delivery, in order. */
export const SERVICE_MIGRATIONS = [
  CreateAccounts1764000000001,
  AddSessionStrength1764000000400,
  IndexPasswordCost1764000000600,
  AccountLinks1764000001100,
  IndexSessionEnd1764000001600,
];
