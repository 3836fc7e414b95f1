/** Mails with a link, for hosts whose accounts are recovered and verified by mail. The library sends none of them. */
export type LinkTopic = 'reset-password' | 'verify-email' | 'change-email';

/** What a host tells an address that an account is about to lose, or has lost. The library sends none of them. */
export type AddressTopic = 'email-change-requested' | 'email-changed';

/** What a message is about. */
export type MessageTopic =
  | LinkTopic
  | AddressTopic
  | 'code'
  | 'two-factor-enabled'
  | 'two-factor-disabled'
  | 'method-added'
  | 'method-removed'
  | 'clone-suspected'
  | 'authenticator-replaced'
  | 'backup-codes-replaced'
  | 'backup-code-used'
  | 'device-trusted'
  | 'device-reused'
  | 'verification-locked'
  | 'password-changed';

/** Everything that the library tells an owner by mail, except a code. */
export type NoticeTopic = Exclude<MessageTopic, 'code' | LinkTopic | AddressTopic>;

/** What a template may say. */
export interface MessageFacts {
  readonly topic: MessageTopic;
  /** Name of the service, as the owner knows it. */
  readonly issuer: string;
  /** The code, with topic `code`. */
  readonly code?: string;
  /** Whole minutes that the code or the link works, with topic `code` or a `LinkTopic`. */
  readonly minutes?: number;
  /** An absolute URL, with a `LinkTopic`. Built from the configured base URL, never from a header of a request. */
  readonly link?: string;
  /** Backup codes left, with topic `backup-code-used`. */
  readonly left?: number;
  /** The account as its owner knows it: the `label` of the directory, or the name of the user. */
  readonly account?: string;
  /** When it happened, ISO 8601 in UTC. Absent from codes. */
  readonly at?: string;
  /** Address of the client; absent where no request did it. */
  readonly address?: string;
  /**
   * What the client calls itself, such as `Firefox on Windows`; absent where no request did it. An attacker chooses this text:
   * escape it, and make no link of it.
   */
  readonly device?: string;
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
 * text part; notices contain no run of as many digits, and mails with a link none before it. No link and no host name goes in
 * that a request could have named.
 */
export abstract class MessageTemplates {
  /** Languages that there are templates for, the fallback first; BCP 47, e.g. `en`, `pt-BR`. */
  abstract readonly languages: readonly string[];

  /** @param language one of `languages` */
  abstract mail(facts: MessageFacts, language: string): MailContent;

  /** @param language one of `languages` */
  abstract sms(facts: MessageFacts, language: string): string;
}
