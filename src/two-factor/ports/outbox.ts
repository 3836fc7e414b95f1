/**
 * The queues of messages. A queue that does not move must not delay another one: text messages do not wait for a mail
 * server that hangs, and codes do not wait for notices.
 */
export type MessageQueue = 'mail-code' | 'sms-code' | 'notice';

/** How long a message may wait in an outbox, in seconds: a key that sealed it is needed for as long. */
export const MESSAGE_LIFE = 24 * 60 * 60;

/**
 * The outbox of messages. It lives in the library's own database, so that a message is queued by the very statement that
 * makes it: neither exists without the other, and no request waits for a provider.
 *
 * A worker hands every payload to `MessageDelivery.deliver` until that settles. It works every queue for itself.
 */
export abstract class Outbox {
  /**
   * Name of an SQL function, schema and all, `f(payload text, discard_after timestamptz, queue text)`, which queues a
   * payload. Its result is ignored. The payload is sealed; after `discard_after` it is of no use. `queue` is a
   * `MessageQueue`.
   */
  abstract readonly enqueueFunction: string;
}
