import type { ServiceConfig } from '../config/service-config.js';

/**
 * Shows a developer where the service's pages are and how to stop it.
 *
 * @returns the lines; none in production, where operators have their own documentation
 */
export function welcome({ production, baseUrl, docs, databaseUrl, dataDir, ...senders }: ServiceConfig): string[] {
  if (production) return [];
  const { smtp, twilio, smsWebhook, outbox } = senders;
  const printed = [...(smtp ? [] : ['mails']), ...(twilio || smsWebhook ? [] : ['text messages'])].join(' and ');
  return [
    ...(docs ? [`OpenAPI document at ${baseUrl}/openapi.json`] : []),
    `Data in ${databaseUrl === undefined ? dataDir : 'the database of DATABASE_URL'}`,
    ...(printed === '' ? [] : [`Printed ${outbox ? 'here' : 'by the worker'}: ${printed}`]),
    'Ctrl-C ends the service',
  ];
}
