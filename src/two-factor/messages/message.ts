import type { MessageFacts } from '../ports/message-templates.js';

/** The ways a message can take. */
export type Channel = 'mail' | 'sms';

/** A message: written, sealed, queued, and later composed and sent. */
export interface Message {
  /** A UUID. */
  readonly id: string;
  readonly channel: Channel;
  /** Mail address, or telephone number in E.164 form. */
  readonly to: string;
  readonly facts: MessageFacts;
  readonly language: string;
  /** Milliseconds since the Unix epoch after which it is of no use. */
  readonly discardAfter: number;
}
