import { statement } from '../../postgres/statement.js';
import { sealedRecords } from '../../keys/sealed-records.js';

/** The telephone numbers that codes go to, as a rotation of keys sees them. */
export const SEALED_DESTINATIONS = sealedRecords(
  'otp-method',
  { table: 'two_factor_otp_method', column: 'destination' },
  (accountId, id) => ['otp-method', accountId, id],
);

/** Codes that can still be asked for, by the key they are derived with. They cannot be sealed anew, and die soon. */
export const COUNT_CODES_BY_KEY = statement(
  'count_one_time_code_by_key',
  `SELECT kid, count(*)::integer AS rows FROM two_factor_one_time_code WHERE expires_at > now() GROUP BY kid`,
);
