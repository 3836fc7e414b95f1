import { parseCookie, stringifySetCookie } from 'cookie';

/**
 * The name a cookie goes by. On https the `__Host-` prefix makes the browser itself refuse one that another host, a
 * subdomain or plain http planted [ASVS 3.3.1, RFC 6265bis §4.1.3.2].
 */
export function cookieName(base: string, secure: boolean): string {
  return secure ? `__Host-${base}` : base;
}

/**
 * A `Set-Cookie` line: HttpOnly, SameSite=Lax, Path=/, no Domain [ASVS 3.3].
 *
 * @param maxAge seconds; without it the cookie ends with the browser
 */
export function serializeCookie(base: string, value: string, { secure, maxAge }: { secure: boolean; maxAge?: number }) {
  return stringifySetCookie({
    name: cookieName(base, secure),
    value,
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    ...(maxAge !== undefined && { maxAge }),
  });
}

/** A `Set-Cookie` line that makes the browser forget the cookie. */
export function expiredCookie(base: string, secure: boolean): string {
  return serializeCookie(base, '', { secure, maxAge: 0 });
}

/** @returns cookies by name; an empty record for a missing header */
export function parseCookies(header: string | undefined): Readonly<Record<string, string | undefined>> {
  return header === undefined ? {} : parseCookie(header);
}
