import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FallbackMailSender, SmtpMailSender } from '../../src/delivery/index.js';
import { recordLog } from '../delivery/log-fixture.js';
import { KEY, startOutbox, type OutboxFixture } from '../delivery/outbox-fixture.js';
import { smtpError, startSmtp } from '../delivery/smtp-fixture.js';
import { freePort } from '../support/service-process.js';

describe('a queued message', () => {
  let outbox: OutboxFixture;
  let log: ReturnType<typeof recordLog>;
  const cleanUps: (() => unknown)[] = [];

  beforeAll(async () => {
    outbox = await startOutbox();
  });

  beforeEach(() => {
    log = recordLog();
  });

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
    log.release();
    await outbox.query('DELETE FROM two_factor_outbox');
  });

  afterAll(async () => {
    await outbox.close();
  });

  const smtpServer: typeof startSmtp = async (options) => {
    const server = await startSmtp(options);
    cleanUps.push(() => server.close());
    return server;
  };

  const worker: OutboxFixture['startWorker'] = (...given) => {
    const started = outbox.startWorker(...given);
    cleanUps.push(() => started.onApplicationShutdown());
    return started;
  };

  const failedOnce = async (): Promise<string> => {
    for (;;) {
      const [job] = await outbox.query<{ last_error: string | null }>('SELECT last_error FROM two_factor_outbox');
      if (job?.last_error) return job.last_error;
      await sleep(20);
    }
  };

  it('is delivered once when the server is available again', async () => {
    const port = await freePort();
    worker(`smtp://127.0.0.1:${port}`);
    const { code } = await outbox.enqueue();
    expect(await failedOnce()).toBe('SmtpMailSender: Error ESOCKET ECONNREFUSED');
    await sleep(500);
    const smtp = await smtpServer({ port });
    await smtp.received(1);
    await outbox.empty();
    await sleep(500);
    expect(smtp.mails.map(({ text }) => text)).toEqual([expect.stringContaining(code)]);
  });

  it('is retried after a temporary refusal', async () => {
    let answers = 0;
    const smtp = await smtpServer({
      onRcptTo: (_address, _session, callback) => {
        answers++;
        callback(answers < 3 ? smtpError(451, '4.7.1 Greylisted, come back later') : undefined);
      },
    });
    worker(smtp.url);
    await outbox.enqueue();
    await smtp.received(1);
    await outbox.empty();
    expect(answers).toBe(3);
    expect(log.text).toContain('451 4.7.1');
  });

  it('is dropped after a permanent refusal of its address', async () => {
    let answers = 0;
    const smtp = await smtpServer({
      onRcptTo: ({ address }, _session, callback) => {
        answers++;
        callback(smtpError(550, `5.1.1 <${address}>: Recipient address rejected`));
      },
    });
    worker(smtp.url);
    await outbox.enqueue();
    await outbox.empty();
    await sleep(500);
    expect(answers).toBe(1);
    expect(log.text).toContain('SmtpMailSender: Error EENVELOPE 550 5.1.1');
    expect(log.text).toContain('message.refused');
  });

  it('goes to the next server when one server hangs', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanUps.push(() => silent.close());
    const { port } = silent.address() as { port: number };
    const smtp = await smtpServer();
    const senders = [`smtp://127.0.0.1:${port}`, smtp.url].map(
      (url) => new SmtpMailSender({ url, from: 'a@b.example' }),
    );
    worker(new FallbackMailSender(senders, { timeoutMs: 1200 }));
    await outbox.enqueue();
    await smtp.received(1);
    await outbox.empty();
    expect(log.text).toContain('SmtpMailSender 1: TimeoutError');
  });

  it('is retried when a sender neither answers nor reacts to the abort signal', async () => {
    let attempts = 0;
    worker({
      send: async () => {
        attempts++;
        if (attempts === 1) await new Promise(() => undefined);
      },
    });
    await outbox.enqueue();
    await outbox.empty();
    expect(attempts).toBe(2);
    expect(log.text).toContain('TimeoutError');
  });

  it('is delivered by another process when a process is killed while it sends the message', async () => {
    let reached!: () => void;
    const inTheMiddle = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let attempts = 0;
    const smtp = await smtpServer({
      beforeAccepting: async () => {
        attempts++;
        if (attempts > 1) return;
        reached();
        await sleep(300);
        throw smtpError(451, 'The client is gone');
      },
    });
    const victim = spawn(process.execPath, ['--import', 'tsx', 'test/delivery/worker-process.ts'], {
      env: { ...process.env, DATABASE_URL: outbox.url, SMTP_URL: smtp.url, KEY: KEY.secret.toString('base64') },
      stdio: 'ignore',
    });
    cleanUps.push(() => victim.kill('SIGKILL'));
    const { code } = await outbox.enqueue();
    await inTheMiddle;
    victim.kill('SIGKILL');
    worker(smtp.url);
    await smtp.received(1);
    await outbox.empty();
    expect(smtp.mails.map(({ text }) => text)).toEqual([expect.stringContaining(code)]);
  });

  it('is sent once although the connections to the database break meanwhile', async () => {
    let broken = false;
    const smtp = await smtpServer({
      beforeAccepting: async () => {
        if (broken) return;
        broken = true;
        await outbox.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'two-factor outbox' AND datname = current_database()`,
        );
      },
    });
    worker(smtp.url);
    await outbox.enqueue();
    await outbox.empty();
    await outbox.enqueue();
    await smtp.received(2);
    await outbox.empty();
    expect(smtp.mails).toHaveLength(2);
  });

  it('is sent once although it cannot be removed, and does not block other messages', async () => {
    const smtp = await smtpServer();
    await outbox.query(`
      CREATE SEQUENCE removals;
      CREATE FUNCTION refuse_at_first() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('removals') <= 4 THEN RAISE EXCEPTION 'refused'; END IF;
          RETURN old;
        END $$;
      CREATE TRIGGER refuse_at_first BEFORE DELETE ON two_factor_outbox
        FOR EACH ROW EXECUTE FUNCTION refuse_at_first()`);
    cleanUps.push(() => outbox.query('DROP FUNCTION refuse_at_first CASCADE; DROP SEQUENCE removals'));
    worker(smtp.url);
    // One message for each job that the worker runs at a time. Each of them fails once.
    for (let count = 0; count < 4; count++) await outbox.enqueue();
    await outbox.empty();
    expect(smtp.mails).toHaveLength(4);
    expect(log.text).toContain('outbox.restarting');
  });

  it('leaves neither its code nor its address in a log or a table', async () => {
    const smtp = await smtpServer({
      onRcptTo: ({ address }, _session, callback) => callback(smtpError(452, `4.2.2 <${address}> over quota`)),
    });
    worker(smtp.url);
    const { to, code } = await outbox.enqueue();
    await failedOnce();
    const rows = await outbox.query<{ row: string }>('SELECT j::text AS row FROM two_factor_outbox j');
    const traces = [...log.lines, ...rows.map(({ row }) => row)].join('\n');
    expect(traces).toContain('452 4.2.2');
    expect(traces).not.toContain(code);
    expect(traces).not.toContain(to);
    expect(traces).not.toContain('Acme');
  });
});
