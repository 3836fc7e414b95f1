import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import type { Mail, Sms, TwoFactorPorts } from '../two-factor/index.js';
import { DeliveryHealth } from './delivery-health.js';
import type { Sender } from './fallback.js';
import { ConsoleMailSender } from './mail/console-mail-sender.js';
import { FallbackMailSender } from './mail/fallback-mail-sender.js';
import { SmtpMailSender, type SmtpOptions } from './mail/smtp-mail-sender.js';
import { GraphileOutbox } from './outbox/graphile-outbox.js';
import { ConsoleSmsSender } from './sms/console-sms-sender.js';
import { FallbackSmsSender } from './sms/fallback-sms-sender.js';
import { TwilioSmsSender, type TwilioOptions } from './sms/twilio-sms-sender.js';
import { WebhookSmsSender, type WebhookOptions } from './sms/webhook-sms-sender.js';
import { DefaultMessageTemplates } from './templates/default-message-templates.js';

export interface DeliveryModuleOptions {
  /** SMTP servers, tried in turn, and the sender address. */
  readonly smtp?: Pick<SmtpOptions, 'from'> & { readonly urls: readonly string[] };
  readonly twilio?: TwilioOptions;
  /** Tried after Twilio if both are configured. */
  readonly smsWebhook?: WebhookOptions;
  /** Whether a channel without a configured sender prints to standard output. Development only. */
  readonly console?: boolean;
}

/**
 * Senders of mail and SMS, the outbox and the templates of messages. It needs nothing of the library's module, which
 * needs it: the worker is in OutboxModule.
 *
 * @example
 * ```ts
 * DeliveryModule.forRoot(options),
 * TwoFactorModule.forRoot({ …, ...deliveryPorts(options) }),
 * OutboxModule.forRoot({ databaseUrl }),
 * ```
 */
@Module({})
export class DeliveryModule {
  static forRoot(options: DeliveryModuleOptions): DynamicModule {
    const providers: Provider[] = [DeliveryHealth, GraphileOutbox, DefaultMessageTemplates];
    const [mail, sms] = [mailSenders(options), smsSenders(options)];
    if (mail.length > 0) {
      const useFactory = (health: DeliveryHealth) => new FallbackMailSender(mail, { health });
      providers.push({ provide: FallbackMailSender, useFactory, inject: [DeliveryHealth] });
    }
    if (sms.length > 0) {
      const useFactory = (health: DeliveryHealth) => new FallbackSmsSender(sms, { health });
      providers.push({ provide: FallbackSmsSender, useFactory, inject: [DeliveryHealth] });
    }
    return { module: DeliveryModule, global: true, providers, exports: providers };
  }
}

/** Maps the library's ports to the classes of DeliveryModule. Omits a port without a sender. */
export function deliveryPorts(
  options: DeliveryModuleOptions,
): Pick<TwoFactorPorts, 'mail' | 'sms' | 'outbox' | 'templates'> {
  return {
    ...(mailSenders(options).length > 0 ? { mail: FallbackMailSender } : {}),
    ...(smsSenders(options).length > 0 ? { sms: FallbackSmsSender } : {}),
    outbox: GraphileOutbox,
    templates: DefaultMessageTemplates,
  };
}

function mailSenders({ smtp, console: print }: DeliveryModuleOptions): Sender<Mail>[] {
  if (smtp) return smtp.urls.map((url) => new SmtpMailSender({ url, from: smtp.from }));
  return print ? [new ConsoleMailSender()] : [];
}

function smsSenders({ twilio, smsWebhook, console: print }: DeliveryModuleOptions): Sender<Sms>[] {
  const providers = [
    ...(twilio ? [new TwilioSmsSender(twilio)] : []),
    ...(smsWebhook ? [new WebhookSmsSender(smsWebhook)] : []),
  ];
  return providers.length === 0 && print ? [new ConsoleSmsSender()] : providers;
}
