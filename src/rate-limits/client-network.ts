import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Stands for every address that is none, so that all who come with such a one are counted together. */
const UNKNOWN = 'unknown';

/** Pieces of 16 bits that name an IPv6 network of the size that one customer is given [RFC 6177 §2]. */
const NETWORK_PIECES = 4;

/**
 * What a client is counted by: an IPv4 address as it is, an IPv6 address by its /64, in canonical form. An IPv4-mapped
 * IPv6 address is the IPv4 address [RFC 4291 §2.5.5.2].
 *
 * @param address as the HTTP server resolved it. Some proxies forward a port along with it, which is cut off
 */
export function clientNetwork(address: string | undefined): string {
  const bare = withoutPort(address ?? '');
  // The parser below also takes `1` and `0x7f.1` for addresses.
  if (isIP(bare) === 0) return UNKNOWN;
  const parsed = ipaddr.process(bare);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const pieces = parsed.parts.slice(0, NETWORK_PIECES).map((piece) => piece.toString(16));
  return `${pieces.join(':')}::/64`;
}

function withoutPort(text: string): string {
  const [, address] = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? /^\[(.*)\](?::\d+)?$/.exec(text) ?? [];
  return address ?? text;
}
