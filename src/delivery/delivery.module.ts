import { Module, type FactoryProvider } from '@nestjs/common';
import type { Mail, Sms, TwoFactorPorts } from '../two-factor/index.js';
import { DeliveryHealth } from './delivery-health.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, type DeliveryModuleOptions } from './delivery.options.js';
import type { Sender } from './fallback.js';
import { Library } from './library.js';
import { ConsoleMailSender } from './mail/console-mail-sender.js';
import { FallbackMailSender } from './mail/fallback-mail-sender.js';
import { SmtpMailSender } from './mail/smtp-mail-sender.js';
import { LibraryDelivery } from './outbox/library-delivery.js';
import { OutboxOptions } from './outbox/outbox.options.js';
import { OutboxQueue } from './outbox/outbox-queue.js';
import { OutboxWorker } from './outbox/outbox-worker.js';
import { ConsoleSmsSender } from './sms/console-sms-sender.js';
import { FallbackSmsSender } from './sms/fallback-sms-sender.js';
import { TwilioSmsSender } from './sms/twilio-sms-sender.js';
import { WebhookSmsSender } from './sms/webhook-sms-sender.js';
import { DefaultMessageTemplates } from './templates/default-message-templates.js';

/** A sender or, where nothing is configured for its channel, null. */
const SENDERS: readonly FactoryProvider[] = [
  {
    provide: FallbackMailSender,
    inject: [MODULE_OPTIONS_TOKEN, DeliveryHealth],
    useFactory(options: DeliveryModuleOptions, health: DeliveryHealth) {
      const senders = mailSenders(options);
      return senders.length > 0 ? new FallbackMailSender(senders, { health }) : null;
    },
  },
  {
    provide: FallbackSmsSender,
    inject: [MODULE_OPTIONS_TOKEN, DeliveryHealth],
    useFactory(options: DeliveryModuleOptions, health: DeliveryHealth) {
      const senders = smsSenders(options);
      return senders.length > 0 ? new FallbackSmsSender(senders, { health }) : null;
    },
  },
];

/** The worker and its options; null where this process has no `outbox` option. */
const WORKER: readonly FactoryProvider[] = [
  {
    provide: OutboxOptions,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: ({ outbox }: DeliveryModuleOptions) => (outbox ? new OutboxOptions(outbox) : null),
  },
  {
    provide: OutboxWorker,
    inject: [LibraryDelivery, OutboxOptions],
    useFactory: (delivery: LibraryDelivery, options: OutboxOptions | null) =>
      options && new OutboxWorker(delivery, options),
  },
];

/**
 * Everything behind the library's ports for messages: senders of mail and SMS, templates in five languages, and the worker
 * that delivers what waits in the library's outbox.
 *
 * @example
 * ```ts
 * TwoFactorModule.forRootAsync({
 *   imports: [
 *     AcmeIdentityModule,
 *     DeliveryModule.forRootAsync({
 *       inject: [ConfigService],
 *       useFactory: (config) => ({
 *         smtp: { urls: [config.get('SMTP_URL')], from: 'Acme <no-reply@acme.example>' },
 *         outbox: { databaseUrl: config.get('DATABASE_URL') },
 *       }),
 *     }),
 *   ],
 *   ...deliveryPorts,
 *   …
 * })
 * ```
 */
@Module({
  providers: [DeliveryHealth, DefaultMessageTemplates, Library, LibraryDelivery, OutboxQueue, ...SENDERS, ...WORKER],
  exports: [DeliveryHealth, DefaultMessageTemplates, OutboxQueue, FallbackMailSender, FallbackSmsSender],
})
export class DeliveryModule extends ConfigurableModuleClass {}

/** The classes of DeliveryModule behind the library's ports. A channel that nothing is configured for is off. */
export const deliveryPorts = {
  mail: FallbackMailSender,
  sms: FallbackSmsSender,
  templates: DefaultMessageTemplates,
} as const satisfies Partial<TwoFactorPorts>;

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
