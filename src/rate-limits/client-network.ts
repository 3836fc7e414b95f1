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
  const parsed = parse(address);
  if (parsed === null) return UNKNOWN;
  return parsed instanceof ipaddr.IPv4 ? parsed.toString() : prefix(parsed, 64);
}

/**
 * The networks around `clientNetwork` that one holder may have: an IPv4 /24, an IPv6 /56 and /48.
 *
 * @param address as for `clientNetwork`
 * @returns the smaller one first; none for what is no address
 */
export function surroundingNetworks(address: string | undefined): readonly [site?: string, holder?: string] {
  const parsed = parse(address);
  if (parsed === null) return [];
  if (parsed instanceof ipaddr.IPv6) return [prefix(parsed, 56), prefix(parsed, 48)];
  return [`${parsed.octets.slice(0, 3).join('.')}.0/24`];
}

/** The widest of `surroundingNetworks`. */
export function surroundingNetwork(address: string | undefined): string {
  return surroundingNetworks(address).at(-1) ?? UNKNOWN;
}

function parse(address: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const bare = withoutPort(address ?? '');
  // The parser below also takes `1` and `0x7f.1` for addresses.
  return isIP(bare) === 0 ? null : ipaddr.process(bare);
}

/** @param bits 48 to 64 */
function prefix({ parts }: ipaddr.IPv6, bits: number): string {
  const last = (parts[NETWORK_PIECES - 1] ?? 0) & (0xff_ff << (64 - bits));
  const pieces = [...parts.slice(0, NETWORK_PIECES - 1), last].map((piece) => piece.toString(16));
  return `${pieces.join(':')}::/${bits}`;
}

function withoutPort(text: string): string {
  const [, address] = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? /^\[(.*)\](?::\d+)?$/.exec(text) ?? [];
  return address ?? text;
}
