import type { ServiceConfig } from '../config/service-config.js';

/**
 * What a developer wants to know once the service runs: where things are, and how it ends.
 *
 * @returns lines; none in production, where operators know
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
