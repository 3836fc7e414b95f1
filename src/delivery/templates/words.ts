import type { MessageTopic } from '../../two-factor/index.js';

/** Everything a message can be about but a code. */
export type NoticeTopic = Exclude<MessageTopic, 'code'>;

export interface NoticeWords {
  readonly subject: string;
  /** What happened; one or two sentences. */
  readonly fact: string;
  /** What to do if it was somebody else. */
  readonly advice: string;
  /** In the place of `subject` and `fact` where one mail tells of several times. */
  readonly several?: {
    readonly subject: string;
    /** @param times a number, more than one, as it is written */
    readonly fact: (times: string) => string;
  };
}

/** The texts of one language. `{issuer}` in them stands for the name of the service. */
export interface Words {
  readonly code: {
    readonly subject: string;
    /** Stands above the code: holds neither digits nor the issuer, whose name may have some. */
    readonly heading: string;
    readonly life: (minutes: number) => string;
    readonly advice: string;
    /** Letters of GSM 03.38 only, for one other letter more than halves what a message holds. */
    readonly sms: (code: string, minutes: number) => string;
  };
  readonly notices: Readonly<Record<NoticeTopic, NoticeWords>>;
  /** Added where one mail tells of several times, and the topic has no `several`. */
  readonly again: (times: string) => string;
  /** Added to `backup-code-used`. */
  readonly codesLeft: (left: number) => string;
}
