import { CreateAccounts1764000000001 } from './1764000000001-create-accounts.js';
import { CreateOutbox1764000000200 } from './1764000000200-create-outbox.js';
import { AddSessionStrength1764000000400 } from './1764000000400-add-session-strength.js';
import { IndexPasswordCost1764000000600 } from './1764000000600-index-password-cost.js';
import { OutboxLanes1764000000900 } from './1764000000900-outbox-lanes.js';
import { AccountLinks1764000001100 } from './1764000001100-account-links.js';

/** Migrations of the standalone service beside the library's, in order. */
export const SERVICE_MIGRATIONS = [
  CreateAccounts1764000000001,
  CreateOutbox1764000000200,
  AddSessionStrength1764000000400,
  IndexPasswordCost1764000000600,
  OutboxLanes1764000000900,
  AccountLinks1764000001100,
];
