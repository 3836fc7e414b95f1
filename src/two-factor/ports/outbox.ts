/**
 * The queue of messages. It lives in the library's own database, so that a message is queued by the very statement that
 * makes it: neither exists without the other, and no request waits for a provider.
 *
 * Whoever works the queue hands every payload to `MessageDelivery.deliver` until that settles.
 */
export abstract class Outbox {
  /**
   * Name of an SQL function, schema and all, `f(payload text, discard_after timestamptz)`, which queues a payload. It
   * returns whatever it likes. The payload is sealed; after `discard_after` it is of no use to anybody.
   */
  abstract readonly enqueueFunction: string;
}
