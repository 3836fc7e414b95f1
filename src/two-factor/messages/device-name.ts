import { parse } from 'bowser';

const LENGTH = 100;

/** What a user agent without a known browser calls itself: its first product token [RFC 9110 §10.1.5]. */
const PRODUCT = /^([A-Za-z0-9._~-]{1,60})(?:\/|\s|$)/;

/**
 * A name by which people know a device in a list: `Firefox on Windows`, `curl`, `Unknown device`.
 *
 * @param userAgent the request's header; whatever a client likes to say
 */
export function deviceName(userAgent: string | undefined | null): string {
  if (!userAgent) return 'Unknown device';
  const { browser, os, platform } = parse(userAgent.slice(0, 512));
  const product = PRODUCT.exec(userAgent)?.[1];
  // Bowser takes a program's own name for a browser's, with whatever characters.
  const name = os.name && browser.name ? browser.name : product === 'Mozilla' ? undefined : product;
  const system = platform.model ?? os.name;
  return ([name, system].filter((part) => part).join(' on ') || 'Unknown device').slice(0, LENGTH);
}
