import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { AccountDirectory } from '../ports/account-directory.js';
import type { NoticeTopic } from '../ports/message-templates.js';
import { Database } from '../postgres/database.js';
import { reasonOf } from '../postgres/database-unavailable.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { Channels } from './channels.js';
import { MessageWriter, type NoticeSubject } from './message-writer.js';
import { PENDING_LIFE } from './notice-budgets.js';
import {
  DROP_EXPIRED,
  DROP_PENDING,
  NoticeSql,
  PUT_OFF,
  SWEEP_NOTICE_BUDGETS,
  TAKE_DUE_NOTICE,
  type DueNotice,
} from './notices.statements.js';

/** Notices that one sweep looks at; the next one goes on. */
const PER_SWEEP = 500;

/** How long a notice is left alone that could not be composed. In seconds. */
const AFTER_FAILURE = 300;

/** What became of a look for a notice. */
type Outcome = 'told' | 'put-off' | 'none';

/**
 * Tells owners what a budget held back, each topic in one mail, as soon as the budget allows it. Any number of processes
 * share the work.
 */
@Injectable()
export class PendingNotices implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Notices');
  private readonly sql: NoticeSql | null;
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly accounts: AccountDirectory,
    private readonly writer: MessageWriter,
    private readonly options: TwoFactorOptions,
    channels: Channels,
  ) {
    this.sql = channels.has('mail') ? writer.noticeSql : null;
  }

  onApplicationBootstrap(): void {
    const { noticeInterval } = this.options;
    if (this.sql === null || noticeInterval === 0) return;
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined));
    }, noticeInterval * 1000).unref();
  }

  /** Before the pool of connections closes. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.sweeping;
  }

  /**
   * Tells what is due now.
   *
   * @returns mails that were queued
   * @throws {DatabaseUnavailableError} among others, when the database cannot be asked
   */
  async flush(): Promise<number> {
    const { sql } = this;
    if (sql === null) return 0;
    for (const notice of await this.database.query(DROP_EXPIRED, { life: PENDING_LIFE })) {
      this.logger.warn({ event: 'notice.dropped', ...notice });
    }
    await this.database.query(SWEEP_NOTICE_BUDGETS);
    let told = 0;
    for (let looks = 0; looks < PER_SWEEP && !this.stopped; looks++) {
      const outcome = await this.next(sql);
      if (outcome === 'none') break;
      if (outcome === 'told') told++;
    }
    return told;
  }

  private async next(sql: NoticeSql): Promise<Outcome> {
    let due: DueNotice | undefined;
    try {
      return await this.database.transaction(async (transaction) => {
        [due] = await transaction.query(TAKE_DUE_NOTICE);
        if (!due) return 'none';
        const { accountId, topic, ids, times, facts, language } = due;
        const account = await this.accounts.find(accountId, transaction);
        const subject = { topic: topic as NoticeTopic, ...facts, ...(times > 1 && { times }) } satisfies NoticeSubject;
        const notice = account && this.writer.noticeIn(language, account, subject);
        if (!notice) {
          // The account is gone, and the host did not call `forget`.
          await transaction.query(DROP_PENDING, { ids });
          return 'put-off';
        }
        const [outcome] = await transaction.query(sql.tellPending, { accountId, ...notice, ids });
        if (!outcome?.told) return 'put-off';
        this.writer.queued(transaction);
        return 'told';
      });
    } catch (error) {
      if (!due) throw error;
      // One account that the host cannot find for us must not keep all others from being told.
      this.logger.warn({ event: 'notice.failed', accountId: due.accountId, topic: due.topic, reason: reasonOf(error) });
      await this.database.query(PUT_OFF, { ids: due.ids, seconds: AFTER_FAILURE });
      return 'put-off';
    }
  }

  /** Never throws: the next time will do. */
  private async sweep(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.logger.warn({ event: 'notices.failed', reason: reasonOf(error) });
    }
  }
}
