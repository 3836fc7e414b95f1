import type { OpenAPIObject } from '@nestjs/swagger';

/** Paths in the order in which a reader tries them. Other paths follow in the order of their controllers. */
const WALK = [
  '/sign-up/email',
  '/sign-in/email',
  '/get-session',
  '/sign-out',
  '/list-sessions',
  '/two-factor/enable',
  '/two-factor/get-totp-qr',
  '/two-factor/get-totp-uri',
  '/two-factor/verify-totp',
  '/two-factor/status',
  '/two-factor/send-otp',
  '/two-factor/verify-otp',
  '/two-factor/verify-backup-code',
  '/two-factor/generate-backup-codes',
  '/two-factor/trusted-devices',
  '/two-factor/trusted-devices/{id}',
  '/two-factor/disable',
  '/passkey/generate-register-options',
  '/passkey/verify-registration',
  '/passkey/generate-authenticate-options',
  '/passkey/verify-authentication',
  '/passkey/list-user-passkeys',
  '/passkey/update-passkey',
  '/passkey/delete-passkey',
  '/change-password',
  '/verify-password',
  '/request-password-reset',
  '/reset-password',
  '/reset-password/{token}',
  '/send-verification-email',
  '/verify-email',
  '/change-email',
  '/update-user',
  '/list-accounts',
  '/delete-user',
];

/** @returns the paths of a document in display order */
export function inOrderOfTheWalk(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  const known = WALK.filter((path) => path in paths);
  const others = Object.keys(paths).filter((path) => !WALK.includes(path));
  return Object.fromEntries([...known, ...others].map((path) => [path, paths[path] ?? {}]));
}
