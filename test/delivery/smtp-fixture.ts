import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A real SMTP server that stores the mails that it accepts. */
export interface SmtpFixture {
  readonly url: string;
  readonly port: number;
  /** Mails in the order in which they were accepted. */
  readonly mails: ParsedMail[];
  /** Waits until `count` mails have been accepted. */
  received(count: number, withinMs?: number): Promise<ParsedMail[]>;
  /** Cuts all connections and stops listening; idempotent. */
  close(): Promise<void>;
}

/**
 * @returns an error that makes the server respond with this SMTP code, when a handler throws it or passes it to its
 * callback
 */
export function smtpError(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code });
}

/**
 * @param options.port a port to reuse; a free one by default
 * @param options.beforeAccepting is awaited after the last byte of a mail and before the server accepts it; refuses it
 * by throwing
 */
export async function startSmtp({
  port = 0,
  beforeAccepting = async () => undefined,
  ...options
}: SMTPServerOptions & { port?: number; beforeAccepting?: (mail: ParsedMail) => Promise<void> } = {}) {
  const mails: ParsedMail[] = [];
  const arrivals = new EventTarget();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 1,
    logger: false,
    onData(stream, _session, callback) {
      void simpleParser(stream)
        .then(async (mail) => {
          await beforeAccepting(mail);
          mails.push(mail);
          arrivals.dispatchEvent(new Event('mail'));
          callback();
        })
        .catch((error: unknown) => callback(error instanceof Error ? error : new Error(String(error))));
    },
    ...options,
  });
  // Without a listener, a client that is killed during a transfer would be an uncaught exception.
  server.on('error', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  const address = server.server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    port: address.port,
    mails,
    async received(count: number, withinMs = 10_000) {
      const timeout = AbortSignal.timeout(withinMs);
      while (mails.length < count) {
        if (timeout.aborted) throw new Error(`${mails.length} mails of ${count} came within ${withinMs} ms`);
        await once(arrivals, 'mail', { signal: timeout }).catch(() => undefined);
      }
      return mails;
    },
    close: () =>
      (closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of server.connections) connection.close();
      })),
  } satisfies SmtpFixture;
}
