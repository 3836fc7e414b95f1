import type { FactorError } from 'nestjs-two-factor';

/** For a wrong response. */
export const INVALID_RESPONSE: FactorError = {
  code: 'INVALID_HARDWARE_KEY_RESPONSE',
  status: 401,
  message: 'Invalid response of the hardware key',
};

/** For a response to no nonce, or to one that is used or too old. */
export const NONCE_EXPIRED: FactorError = {
  code: 'HARDWARE_KEY_NONCE_EXPIRED',
  status: 400,
  message: 'Ask for a nonce first',
};

/** For a caller without a key. */
export const NOT_ENABLED: FactorError = {
  code: 'HARDWARE_KEY_NOT_ENABLED',
  status: 400,
  message: 'Hardware key not enabled',
};
