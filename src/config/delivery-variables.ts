import type { ServiceConfig, SmsWebhookConfig, SmtpConfig, TwilioConfig } from './service-config.js';
import { list, onOrOff, type Variables } from './variables.js';

/** Parameters that an SMTP URL may have. `logger` and `debug` are left out: they would write mail to the log. */
const SMTP_PARAMETERS = new Set(['requireTLS', 'ignoreTLS', 'name', 'tls.servername', 'tls.rejectUnauthorized']);

/** Reads the mail and SMS senders, and whether this process sends. Error texts contain no values: most values are credentials. */
export function readDelivery(
  variables: Variables,
  production: boolean,
): Pick<ServiceConfig, 'smtp' | 'twilio' | 'smsWebhook' | 'smsCountries' | 'smsPerDay' | 'mailFallback' | 'outbox'> {
  const smtp = readSmtp(variables, production);
  const twilio = readTwilio(variables);
  const smsWebhook = readSmsWebhook(variables);
  // Without a list, an attacker earns money: they enter numbers of a country that pays for received text messages.
  const listed = production && (twilio ?? smsWebhook) !== undefined;
  return {
    smtp,
    twilio,
    smsWebhook,
    smsCountries: variables.read('SMS_COUNTRIES', (text) => list(text).map(country), {
      required: listed && 'must list the countries that are texted, such as DE,AT, where SMS is set up in production',
    }),
    smsPerDay: variables.read('SMS_PER_DAY', wholeNumber),
    mailFallback: variables.read('MAIL_FALLBACK', onOrOff) ?? true,
    outbox: variables.read('OUTBOX', onOrOff) ?? true,
  };
}

function readSmtp(variables: Variables, production: boolean): SmtpConfig | undefined {
  const urls = variables.read('SMTP_URL', (text) => list(text).map(smtpUrl));
  const from = variables.read('MAIL_FROM', sender, { required: production && urls !== undefined });
  return urls && { urls, from: from ?? 'two-factor@localhost' };
}

function readTwilio(variables: Variables): TwilioConfig | undefined {
  const accountSid = variables.read('TWILIO_ACCOUNT_SID', twilioAccount);
  const authToken = variables.read('TWILIO_AUTH_TOKEN', (text) => text);
  const from = variables.read('TWILIO_FROM', twilioSender);
  const baseUrl = variables.read('TWILIO_BASE_URL', httpUrl);
  variables.allOrNone('TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM');
  return accountSid && authToken && from ? { accountSid, authToken, from, baseUrl } : undefined;
}

function readSmsWebhook(variables: Variables): SmsWebhookConfig | undefined {
  const url = variables.read('SMS_WEBHOOK_URL', httpUrl);
  const secret = variables.read('SMS_WEBHOOK_SECRET', webhookSecret);
  variables.allOrNone('SMS_WEBHOOK_URL', 'SMS_WEBHOOK_SECRET');
  return url && secret ? { url, secret } : undefined;
}

function country(text: string): string {
  if (!/^[A-Z]{2}$/.test(text)) throw new RangeError('must list countries of two capital letters, such as DE,AT');
  return text;
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,7}$/.test(text)) throw new RangeError('must be a whole number from 0 to 9999999');
  return Number(text);
}

function smtpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw new RangeError('must list URLs such as smtps://user:password@smtp.example.com (%2C for a comma in it)');
  }
  const unknown = [...url.searchParams.keys()].some((name) => !SMTP_PARAMETERS.has(name));
  if (unknown) throw new RangeError(`has a parameter other than ${[...SMTP_PARAMETERS].join(', ')}`);
  return text;
}

function sender(text: string): string {
  const [, address = text] = /^[^<>\r\n]*<([^<>]+)>$/.exec(text) ?? [];
  if (!/^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(address)) {
    throw new RangeError('must be an address or Name <address>');
  }
  return text;
}

function twilioAccount(text: string): string {
  if (!/^AC[0-9a-f]{32}$/i.test(text)) throw new RangeError('must be AC and 32 hexadecimal digits');
  return text;
}

/** A number, an alphanumeric sender [at most 11 characters], a short code or a messaging service. */
function twilioSender(text: string): string {
  if (!/^(\+[1-9]\d{6,14}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{3,11})$/.test(text)) {
    throw new RangeError('must be a number such as +15005550006, a sender name or the SID of a messaging service');
  }
  return text;
}

function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new RangeError('must be an http or https URL without credentials');
  }
  return url.href;
}

function webhookSecret(text: string): string {
  const bytes = text.startsWith('whsec_') ? Buffer.from(text.slice(6), 'base64').length : Buffer.byteLength(text);
  if (bytes < 24) throw new RangeError('needs at least 24 bytes; make one: echo "whsec_$(openssl rand -base64 32)"');
  return text;
}
