import type { LinkTopic, MessageTopic } from '../../two-factor/index.js';

/** Topics of notices: everything but codes and links. */
export type NoticeTopic = Exclude<MessageTopic, 'code' | LinkTopic>;

export interface NoticeWords {
  readonly subject: string;
  /** What happened; one or two sentences. */
  readonly fact: string;
  /** What the reader should do if another person did it. */
  readonly advice: string;
  /** Replaces `subject` and `fact` when one mail reports several events. */
  readonly several?: {
    readonly subject: string;
    /** @param times a number, more than one, as it is written */
    readonly fact: (times: string) => string;
  };
}

export interface LinkWords {
  readonly subject: string;
  /** Purpose of the link. Stands above the link, so it must not contain digits. */
  readonly fact: string;
  /** What the reader should do if they did not request it. */
  readonly advice: string;
}

/** The texts of one language. `{issuer}` in them stands for the name of the service. */
export interface Words {
  readonly code: {
    readonly subject: string;
    /** Stands above the code, so it contains neither digits nor the issuer, whose name may contain some. */
    readonly heading: string;
    readonly life: (minutes: number) => string;
    readonly advice: string;
    /** Letters of GSM 03.38 only: one other letter more than halves the capacity of a message. */
    readonly sms: (code: string, minutes: number) => string;
  };
  readonly links: Readonly<Record<LinkTopic, LinkWords>>;
  readonly linkLife: (minutes: number) => string;
  readonly notices: Readonly<Record<NoticeTopic, NoticeWords>>;
  /** Added when one mail reports several events and the topic has no `several`. */
  readonly again: (times: string) => string;
  /** Added to `backup-code-used`. */
  readonly codesLeft: (left: number) => string;
}
