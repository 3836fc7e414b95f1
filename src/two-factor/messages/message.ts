import type { MessageFacts } from '../ports/message-templates.js';

/** The ways a message can take. */
export type Channel = 'mail' | 'sms';

/** A message to somebody, in the order of being written, sealed, queued, composed and sent. */
export interface Message {
  /** A UUID. */
  readonly id: string;
  readonly channel: Channel;
  /** Mail address, or telephone number in E.164 form. */
  readonly to: string;
  readonly facts: MessageFacts;
  readonly language: string;
  /** Milliseconds since the Unix epoch after which nobody wants it any more. */
  readonly discardAfter: number;
}
