export { DeliveryModule, deliveryPorts } from './delivery.module.js';
export type { DeliveryModuleExtras, DeliveryModuleOptions } from './delivery.options.js';
export { DeliveryError, MessageRefusedError } from './delivery-error.js';
export { DeliveryHealth, type ChannelHealth, type DeliveryChannel } from './delivery-health.js';
export type { FallbackOptions, Sender } from './fallback.js';

export { ConsoleMailSender } from './mail/console-mail-sender.js';
export { FallbackMailSender } from './mail/fallback-mail-sender.js';
export { SmtpMailSender, type SmtpOptions } from './mail/smtp-mail-sender.js';

export { ConsoleSmsSender } from './sms/console-sms-sender.js';
export { FallbackSmsSender } from './sms/fallback-sms-sender.js';
export { TwilioSmsSender, type TwilioOptions } from './sms/twilio-sms-sender.js';
export { WebhookSmsSender, type WebhookOptions } from './sms/webhook-sms-sender.js';

export type { OutboxWorkerOptions } from './outbox/outbox.options.js';
export { OutboxQueue, type QueueState } from './outbox/outbox-queue.js';
export { OutboxWorker } from './outbox/outbox-worker.js';
export type { RetrySchedule } from './outbox/retry-schedule.js';

export { DefaultMessageTemplates } from './templates/default-message-templates.js';
