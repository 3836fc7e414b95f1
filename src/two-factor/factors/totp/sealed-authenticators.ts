import { sealedRecords } from '../../keys/sealed-records.js';

/** The secrets of authenticators, as a rotation of keys sees them. */
export const SEALED_AUTHENTICATORS = sealedRecords(
  'authenticator',
  { table: 'two_factor_authenticator', column: 'secret' },
  (accountId, id) => ['authenticator', accountId, id],
);
