/** What a message is about. */
export type MessageTopic =
  | 'code'
  | 'two-factor-enabled'
  | 'two-factor-disabled'
  | 'method-added'
  | 'authenticator-replaced'
  | 'backup-codes-replaced'
  | 'backup-code-used'
  | 'device-trusted'
  | 'device-reused'
  | 'verification-locked'
  | 'password-changed';

/** What a template may say. */
export interface MessageFacts {
  readonly topic: MessageTopic;
  /** Name of the service, as the owner knows it. */
  readonly issuer: string;
  /** The code, with topic `code`. */
  readonly code?: string;
  /** Whole minutes that the code lives, with topic `code`. */
  readonly minutes?: number;
  /** Backup codes left, with topic `backup-code-used`. */
  readonly left?: number;
  /** How often it happened, where one mail tells of several times; more than one. */
  readonly times?: number;
}

export interface MailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * The words of messages. In a mail with a code, the code stands alone on a line and is the first run of digits of the
 * text part; notices contain no run of as many digits. No link and no host name goes in that a request could have named.
 */
export abstract class MessageTemplates {
  /** Languages that there are templates for, the fallback first; BCP 47, e.g. `en`, `pt-BR`. */
  abstract readonly languages: readonly string[];

  /** @param language one of `languages` */
  abstract mail(facts: MessageFacts, language: string): MailContent;

  /** @param language one of `languages` */
  abstract sms(facts: MessageFacts, language: string): string;
}
