/**
 * The queues of messages. A queue that does not move must not delay another one: text messages do not wait for a mail
 * server that hangs, and codes do not wait for notices.
 */
export type MessageQueue = 'mail-code' | 'sms-code' | 'notice';

/** How long a message may wait in an outbox, in seconds: a key that sealed it is needed for as long. */
export const MESSAGE_LIFE = 24 * 60 * 60;

/**
 * A job queue of the host's own, in the library's database. The statement that makes a message queues it: neither exists
 * without the other, and no request waits for a provider. A host without one leaves the port out; messages then wait in the
 * library's table, and the worker of `DeliveryModule` sends them.
 *
 * The host's worker hands every payload to `MessageDelivery.deliver` until that settles. It works every queue for itself.
 */
export abstract class Outbox {
  /**
   * Name of an SQL function, schema and all, `f(payload text, discard_after timestamptz, queue text)`, which queues a
   * payload. Its result is ignored. The payload is sealed; after `discard_after` it is of no use. `queue` is a
   * `MessageQueue`.
   */
  abstract readonly enqueueFunction: string;
}
