import type { FactorError } from 'nestjs-two-factor';

/** The response is wrong. */
export const INVALID_RESPONSE: FactorError = {
  code: 'INVALID_HARDWARE_KEY_RESPONSE',
  status: 401,
  message: 'Invalid response of the hardware key',
};

/** The response belongs to no nonce, or to one that was used or has expired. */
export const NONCE_EXPIRED: FactorError = {
  code: 'HARDWARE_KEY_NONCE_EXPIRED',
  status: 400,
  message: 'Ask for a nonce first',
};

/** The caller has no hardware key. */
export const NOT_ENABLED: FactorError = {
  code: 'HARDWARE_KEY_NOT_ENABLED',
  status: 400,
  message: 'Hardware key not enabled',
};
