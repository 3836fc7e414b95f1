import { SmsSender, type Sms } from '../../two-factor/index.js';
import { post, type Refusal } from './post.js';

export interface TwilioOptions {
  /** `AC…` */
  readonly accountSid: string;
  readonly authToken: string;
  /** A number of yours in E.164 form, a sender name, or the SID of a messaging service (`MG…`). */
  readonly from: string;
  /** Origin of the API. Default `https://api.twilio.com`. */
  readonly baseUrl?: string;
}

/**
 * Error codes about the recipient, from Twilio's error dictionary: invalid, unreachable, opted out, a landline and so
 * on. Errors about the account (credentials, sender, permissions) are for the operator to fix, so they are retried.
 */
const ABOUT_THE_RECIPIENT = new Set([21_211, 21_214, 21_217, 21_265, 21_421, 21_610, 21_612, 21_614, 21_635]);

/** Sends text messages by Twilio's REST API, version 2010-04-01. */
export class TwilioSmsSender extends SmsSender {
  private readonly url: string;

  constructor(private readonly options: TwilioOptions) {
    super();
    const account = encodeURIComponent(options.accountSid);
    this.url = new URL(
      `/2010-04-01/Accounts/${account}/Messages.json`,
      options.baseUrl ?? 'https://api.twilio.com',
    ).href;
  }

  /**
   * @throws {MessageRefusedError} when the number cannot receive text messages
   * @throws {DeliveryError | TypeError} for everything else
   */
  override async send({ to, text }: Sms, signal: AbortSignal): Promise<void> {
    const { accountSid, authToken, from } = this.options;
    const sender = /^MG[0-9a-f]{32}$/.test(from) ? 'MessagingServiceSid' : 'From';
    const request = {
      headers: {
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: new URLSearchParams({ To: to, [sender]: from, Body: text }).toString(),
    };
    await post(this.url, request, signal, concernsTheRecipient);
  }
}

function concernsTheRecipient({ status, body }: Refusal): boolean {
  return status === 400 && ABOUT_THE_RECIPIENT.has(Number(body.code));
}
