import { AccountLink } from './links/account-link.entity.js';
import { MailBudgetRow } from './links/mail-budget.entity.js';
import { Session } from './sessions/session.entity.js';
import { User } from './users/user.entity.js';

/** For `entities` of the TypeORM data source. */
export const ACCOUNT_ENTITIES = [User, Session, AccountLink, MailBudgetRow];
