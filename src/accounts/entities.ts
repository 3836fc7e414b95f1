import { Session } from './sessions/session.entity.js';
import { User } from './users/user.entity.js';

/** For `entities` of the TypeORM data source. */
export const accountEntities = [User, Session];
