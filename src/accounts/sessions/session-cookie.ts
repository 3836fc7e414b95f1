import { Inject, Injectable } from '@nestjs/common';
import { cookieName, expiredCookie, type IncomingRequest, isToken, serializeCookie } from '../../two-factor/index.js';
import { ACCOUNTS_OPTIONS, type AccountsModuleOptions } from '../accounts.module-definition.js';

/**
 * Prefix of session tokens. Tells them from the library's challenge and device tokens, and lets secret scanners find
 * them.
 */
export const SESSION_TOKEN_PREFIX = 'tfs_';

const COOKIE = 'session_token';

/** The cookie that carries the session token of a browser. */
@Injectable()
export class SessionCookie {
  private readonly secure: boolean;

  constructor(@Inject(ACCOUNTS_OPTIONS) options: AccountsModuleOptions) {
    this.secure = options.secureCookies;
  }

  /** @returns the token of the cookie; null if there is none or its form is wrong */
  tokenOf(request: IncomingRequest): string | null {
    const value = request.cookies[cookieName(COOKIE, this.secure)];
    return isToken(value, SESSION_TOKEN_PREFIX) ? value : null;
  }

  /**
   * Builds the `Set-Cookie` value.
   *
   * @param maxAge seconds; null for a cookie that ends with the browser
   */
  of(token: string, maxAge: number | null): string {
    return serializeCookie(COOKIE, token, { secure: this.secure, ...(maxAge !== null && { maxAge }) });
  }

  /** @returns the `Set-Cookie` value that deletes the cookie */
  expired(): string {
    return expiredCookie(COOKIE, this.secure);
  }
}
