import type { FactorError } from '../../two-factor.errors.js';

/* Codes and messages that the official client of passkeys knows are spelled as it knows them. */

/** For a response to no challenge, or to one that is used, too old, of another kind or of another caller. */
export const CHALLENGE_NOT_FOUND: FactorError = {
  code: 'CHALLENGE_NOT_FOUND',
  status: 400,
  message: 'Challenge not found',
};

export const FAILED_TO_VERIFY_REGISTRATION: FactorError = {
  code: 'FAILED_TO_VERIFY_REGISTRATION',
  status: 400,
  message: 'Failed to verify registration',
};

export const AUTHENTICATION_FAILED: FactorError = {
  code: 'AUTHENTICATION_FAILED',
  status: 400,
  message: 'Authentication failed',
};

export const PASSKEY_NOT_FOUND: FactorError = { code: 'PASSKEY_NOT_FOUND', status: 401, message: 'Passkey not found' };

/** For a challenge that another session asked for, and a model of authenticator that is not allowed. */
export const NOT_ALLOWED_TO_REGISTER: FactorError = {
  code: 'YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY',
  status: 401,
  message: 'You are not allowed to register this passkey',
};

export const PREVIOUSLY_REGISTERED: FactorError = {
  code: 'PREVIOUSLY_REGISTERED',
  status: 400,
  message: 'Previously registered',
};

export const TOO_MANY_PASSKEYS: FactorError = {
  code: 'TOO_MANY_PASSKEYS',
  status: 400,
  message: 'The account has as many passkeys as it may have. Delete one first.',
};

export const PASSKEYS_NOT_CONFIGURED: FactorError = {
  code: 'PASSKEYS_NOT_CONFIGURED',
  status: 400,
  message: 'Passkeys are not available',
};

/** For a passkey that would sign in on its own and did not ask for its PIN or a finger: it is one factor only. */
export const USER_VERIFICATION_REQUIRED: FactorError = {
  code: 'USER_VERIFICATION_REQUIRED',
  status: 401,
  message: 'Unlock the passkey by its PIN, a fingerprint or your face',
};
