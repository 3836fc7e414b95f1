import { createHmac } from 'node:crypto';
import { SmsSender, type Sms } from '../../two-factor/index.js';
import { post, type Refusal } from './post.js';

export interface WebhookOptions {
  /** URL of the gateway; from the configuration only. */
  readonly url: string;
  /** `whsec_` and the base64 key, or any text of at least 24 characters, whose UTF-8 bytes are the key. */
  readonly secret: string;
}

/**
 * Posts text messages to a gateway of yours as JSON `{ "to": "+4915112345678", "text": "…" }`, signed by the Standard
 * Webhooks specification, for which libraries exist. Any 2xx status means that the gateway accepted the message; 400,
 * 410 and 422 mean a permanent refusal; any other result is retried.
 *
 * To verify a request: take the header `webhook-timestamp` (seconds since the Unix epoch) and refuse it when it is more
 * than five minutes off; compute HMAC-SHA-256 with the key over `webhook-id`, `.`, `webhook-timestamp`, `.` and the raw
 * body; compare it in constant time with the base64 after `v1,` in `webhook-signature`.
 *
 * @example
 * ```ts
 * const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${rawBody}`).digest();
 * const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
 * const genuine = given.length === expected.length && timingSafeEqual(given, expected);
 * ```
 */
export class WebhookSmsSender extends SmsSender {
  private readonly key: Buffer;

  constructor(private readonly options: WebhookOptions) {
    super();
    this.key = webhookKey(options.secret);
  }

  /**
   * @throws {MessageRefusedError} when the gateway refuses this message permanently
   * @throws {DeliveryError | TypeError} for everything else
   */
  override async send({ id: messageId, to, text }: Sms, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ to, text });
    const id = `msg_${messageId}`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', this.key).update(`${id}.${timestamp}.${body}`).digest('base64');
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    };
    await post(this.options.url, { headers, body }, signal, isForGood);
  }
}

function webhookKey(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
}

function isForGood({ status }: Refusal): boolean {
  return status === 400 || status === 410 || status === 422;
}
