import { Inject, Injectable } from '@nestjs/common';
import type { LinkTopic } from '../../two-factor/index.js';
import { ACCOUNTS_OPTIONS, type AccountsModuleOptions } from '../accounts.module-definition.js';
import { AccountsException } from '../accounts.errors.js';

/** Maximum length of a URL from a client. */
export const CALLBACK_URL_LENGTH = 2048;

/** Characters that browsers read as a slash or skip. */
const AMBIGUOUS = /[\\\p{Control}\s]/u;

/**
 * Builds the links of mails and validates redirect targets. Links start with the configured base URL, because the
 * client controls the `Host` header. An open redirect would let an attacker's page appear under this service's name.
 */
@Injectable()
export class AccountUrls {
  private readonly api: string;
  private readonly own: string;
  private readonly trusted: ReadonlySet<string>;

  constructor(@Inject(ACCOUNTS_OPTIONS) { apiUrl, trustedOrigins }: AccountsModuleOptions) {
    this.api = apiUrl;
    this.own = new URL(apiUrl).origin;
    this.trusted = new Set([this.own, ...trustedOrigins]);
  }

  /** @param callback see `callback` */
  linkTo(topic: LinkTopic, token: string, callback: string | null): string {
    const link = new URL(
      topic === 'reset-password' ? `${this.api}/reset-password/${token}` : `${this.api}/verify-email`,
    );
    if (topic !== 'reset-password') link.searchParams.set('token', token);
    if (callback !== null) link.searchParams.set('callbackURL', callback);
    return link.href;
  }

  /**
   * @param text a URL of a trusted origin, or a path of this service that starts with one slash
   * @param code the error for any other text
   * @returns the absolute URL; null without a callback
   * @throws {AccountsException} `code`
   */
  callback(
    text: string | null | undefined,
    code: 'INVALID_CALLBACK_URL' | 'INVALID_REDIRECT_URL' = 'INVALID_CALLBACK_URL',
  ): string | null {
    if (text === undefined || text === null || text === '') return null;
    const url = this.parse(text);
    if (url === null) throw new AccountsException(code);
    return url.href;
  }

  private parse(text: string): URL | null {
    if (AMBIGUOUS.test(text)) return null;
    const relative = text.startsWith('/') && !text.startsWith('//');
    const base = relative ? this.own : undefined;
    if (!URL.canParse(text, base)) return null;
    const url = new URL(text, base);
    const named = url.username !== '' || url.password !== '';
    return this.trusted.has(url.origin) && !named ? url : null;
  }
}
