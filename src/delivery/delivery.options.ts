import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SmtpOptions } from './mail/smtp-mail-sender.js';
import type { OutboxWorkerOptions } from './outbox/outbox.options.js';
import type { TwilioOptions } from './sms/twilio-sms-sender.js';
import type { WebhookOptions } from './sms/webhook-sms-sender.js';

/** What to send by. A channel without a provider stays off: owners have no codes and no notices by it. */
export interface DeliveryModuleOptions {
  /** SMTP servers, tried in turn, and the sender of the mail. */
  readonly smtp?: Pick<SmtpOptions, 'from'> & { readonly urls: readonly string[] };
  readonly twilio?: TwilioOptions;
  /** Tried after Twilio when both are given. */
  readonly smsWebhook?: WebhookOptions;
  /** Whether what nothing is configured for is printed to standard output. Development only. */
  readonly console?: boolean;
  /**
   * The worker that delivers what is queued. Without it this process delivers nothing: another one does, or the host has an
   * job queue of its own.
   */
  readonly outbox?: OutboxWorkerOptions;
}

/** Static part of `DeliveryModule.forRoot` and `forRootAsync`. */
export interface DeliveryModuleExtras {
  /** Whether every module may inject the exports without importing the module. Default false. */
  readonly isGlobal?: boolean;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<DeliveryModuleOptions>({
  moduleName: 'Delivery',
})
  .setClassMethodName('forRoot')
  .setExtras<DeliveryModuleExtras>({}, (definition, { isGlobal = false }) => ({ ...definition, global: isGlobal }))
  .build();
