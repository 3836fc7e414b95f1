import type { RingKey } from '../two-factor/index.js';
import type { ServiceConfig } from './service-config.js';
import type { Variables } from './variables.js';

/** The `kid` of a key that an older compose file of this repository published. */
const PUBLISHED_KID = 'development';

const MAKE_A_KEY = 'make one with: echo "k1:$(openssl rand -base64 32)"';

/**
 * Refuses keys that were never secret: the published one, and those whose bytes are all the same.
 *
 * @param keys for a service, the whole ring; for the commands on keys, only the key that seals. Those commands replace a
 * published key, and need it in the ring until every row is sealed with another key
 * @throws {RangeError} with the position of the key in the ring, never the key
 */
export function refuseKnownKeys(keys: readonly RingKey[]): void {
  const known = keys.findIndex(
    ({ kid, secret }) => kid === PUBLISHED_KID || secret.every((byte) => byte === secret[0]),
  );
  if (known >= 0) throw new RangeError(`has a key that others know (key ${known + 1}): ${MAKE_A_KEY}`);
}

/**
 * Refuses http for a host that is not this machine: session cookies would be sent unencrypted, without `Secure`.
 *
 * @throws {RangeError} that names the accepted origins
 */
export function refuseClearText(origin: string): string {
  if (origin.startsWith('http:') && !isLoopback(origin)) {
    throw new RangeError('must be https in production; http is for localhost, *.localhost, 127.0.0.0/8 and [::1]');
  }
  return origin;
}

/**
 * Refuses a start in development on a public address without senders. An unset NODE_ENV means development, and
 * development prints the messages that it cannot send: codes of real accounts would be in a log.
 */
export function refuseConsoleSenders(
  variables: Variables,
  {
    production,
    baseUrl,
    smtp,
    twilio,
    smsWebhook,
  }: Pick<ServiceConfig, 'production' | 'baseUrl' | 'smtp' | 'twilio' | 'smsWebhook'>,
): void {
  if (production || isLoopback(baseUrl) || (smtp && (twilio ?? smsWebhook))) return;
  variables.refuse(
    'BASE_URL is not a loopback name, and without senders codes would be printed on the console: set NODE_ENV=production, ' +
      'or SMTP_URL and one of TWILIO_ACCOUNT_SID and SMS_WEBHOOK_URL',
  );
}

/** Whether an origin names this machine: `localhost`, `*.localhost`, 127.0.0.0/8 or `[::1]` [RFC 6761 §6.3]. */
function isLoopback(origin: string): boolean {
  const { hostname } = new URL(origin);
  return /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
