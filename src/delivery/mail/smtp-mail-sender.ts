import type { NodemailerError, SMTPPoolOptions } from 'nodemailer';
import { MailSender, type Mail } from '../../two-factor/index.js';
import { DeliveryError, describeError, MessageRefusedError } from '../delivery-error.js';

export interface SmtpOptions {
  /**
   * `smtp://user:password@host:port` or `smtps://…`; port 587 and 465 by default, special characters percent-encoded.
   * `smtps:` is TLS from the start. `smtp:` turns to TLS when the server offers it, and insists on it when the URL holds
   * credentials, unless it ends in `?requireTLS=false`.
   */
  readonly url: string;
  /** `address` or `Name <address>`. */
  readonly from: string;
  /** Limit for name look-up, connecting and greeting, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Limit of the server's silence, in milliseconds. Default 10,000. */
  readonly silenceTimeoutMs?: number;
}

/** A fixed name for the greeting: the host name of this machine must not leak. */
function domainOf(from: string): string {
  return /@([^\s<>@]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
}

/** Sends mail by an SMTP server [RFC 5321]. Keeps its connections open for half a minute. */
export class SmtpMailSender extends MailSender {
  private transport: Promise<Transport> | undefined;

  constructor(private readonly options: SmtpOptions) {
    super();
  }

  /**
   * @throws {MessageRefusedError} when the server refuses the recipient or the content permanently
   * @throws {DeliveryError} for everything else: no connection, bad credentials, a temporary refusal
   */
  override async send({ id, to, subject, text, html }: Mail, signal: AbortSignal): Promise<void> {
    const transport = await (this.transport ??= openTransport(this.options));
    try {
      await transport.sendMail({
        from: this.options.from,
        messageId: `<${id}@${domainOf(this.options.from)}>`,
        // An object, because a string may contain a list of recipients.
        to: { name: '', address: to },
        subject,
        text,
        html,
        // Prevents automatic replies such as holiday notices [RFC 3834 §5].
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal,
      });
    } catch (error) {
      throw isRefusal(error) ? new MessageRefusedError(describeError(error)) : new DeliveryError(describeError(error));
    }
  }

  /** Closes idle connections at once, and the others after their current mail. */
  async close(): Promise<void> {
    const transport = this.transport;
    this.transport = undefined;
    (await transport)?.close();
  }
}

type Transport = Awaited<ReturnType<typeof openTransport>>;

async function openTransport({ url, connectTimeoutMs = 5000, silenceTimeoutMs = 10_000 }: SmtpOptions) {
  // Loaded with the first mail: loading takes a tenth of a second and 15 MB, which would slow every start.
  const { createTransport } = await import('nodemailer');
  const { protocol, username, password } = new URL(url);
  const options: SMTPPoolOptions = {
    url,
    pool: true,
    maxConnections: 5,
    // Retries once when the server closed a kept connection. The queue retries all other failures.
    maxRequeues: 1,
    idleTimeout: 30_000,
    dnsTimeout: connectTimeoutMs,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: silenceTimeoutMs,
    requireTLS: protocol === 'smtp:' && (username !== '' || password !== ''),
  };
  return createTransport(options);
}

/** @returns whether the server objects to this mail; objections to credentials or sender are for the operator */
function isRefusal(error: unknown): boolean {
  const { code, command, permanent } = error as Partial<NodemailerError>;
  if (code !== 'EENVELOPE' && code !== 'EMESSAGE') return false;
  return command === 'API' || (permanent === true && command !== 'MAIL FROM');
}
