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
  /** Milliseconds for name look-up, connecting and greeting. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that the server may be silent. Default 10,000. */
  readonly silenceTimeoutMs?: number;
}

/** Never a host name of this machine, which is nobody's business. */
function domainOf(from: string): string {
  return /@([^\s<>@]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
}

/** Hands mail to an SMTP server [RFC 5321], over connections that are kept for half a minute. */
export class SmtpMailSender extends MailSender {
  private transport: Promise<Transport> | undefined;

  constructor(private readonly options: SmtpOptions) {
    super();
  }

  /**
   * @throws {MessageRefusedError} when the server refuses the recipient or the content for good
   * @throws {DeliveryError} for everything else: no connection, bad credentials, an answer that says later
   */
  override async send({ id, to, subject, text, html }: Mail, signal: AbortSignal): Promise<void> {
    const transport = await (this.transport ??= openTransport(this.options));
    try {
      await transport.sendMail({
        from: this.options.from,
        messageId: `<${id}@${domainOf(this.options.from)}>`,
        // An object, because a string may hold a list.
        to: { name: '', address: to },
        subject,
        text,
        html,
        // Keeps holiday notices from answering [RFC 3834 §5].
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal,
      });
    } catch (error) {
      throw isRefusal(error) ? new MessageRefusedError(describeError(error)) : new DeliveryError(describeError(error));
    }
  }

  /** Closes idle connections, and the others with the end of what they send. */
  async close(): Promise<void> {
    const transport = this.transport;
    this.transport = undefined;
    (await transport)?.close();
  }
}

type Transport = Awaited<ReturnType<typeof openTransport>>;

async function openTransport({ url, connectTimeoutMs = 5000, silenceTimeoutMs = 10_000 }: SmtpOptions) {
  // Loaded with the first mail: it takes a tenth of a second and 15 MB, which a start need not spend.
  const { createTransport } = await import('nodemailer');
  const { protocol, username, password } = new URL(url);
  const options: SMTPPoolOptions = {
    url,
    pool: true,
    maxConnections: 5,
    // A kept connection that the server has closed meanwhile is replaced once; all else is up to the queue.
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

/** Whether the server objects to this mail. Objecting to us, by credentials or sender, is an operator's matter. */
function isRefusal(error: unknown): boolean {
  const { code, command, permanent } = error as Partial<NodemailerError>;
  if (code !== 'EENVELOPE' && code !== 'EMESSAGE') return false;
  return command === 'API' || (permanent === true && command !== 'MAIL FROM');
}
