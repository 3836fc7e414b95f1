import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Key of every invalid address: all clients with such an address are counted together. */
const UNKNOWN = 'unknown';

/** Number of 16-bit groups that identify one customer's IPv6 network [RFC 6177 §2]. */
const NETWORK_PIECES = 4;

/**
 * Returns the network that a client is counted by, in canonical form: an IPv4 address, or the /64 of an IPv6 address.
 * An IPv4-mapped IPv6 address is the IPv4 address [RFC 4291 §2.5.5.2].
 *
 * @param address as the HTTP server resolved it; the port that some proxies append is cut off
 */
export function clientNetwork(address: string | undefined): string {
  const parsed = parse(address);
  if (parsed === null) return UNKNOWN;
  return parsed instanceof ipaddr.IPv4 ? parsed.toString() : prefix(parsed, 64);
}

/**
 * Returns the networks around `clientNetwork` that one holder may have: an IPv4 /24, an IPv6 /56 and /48.
 *
 * @param address as for `clientNetwork`
 * @returns the smallest network first; empty for an invalid address
 */
export function surroundingNetworks(address: string | undefined): readonly [site?: string, holder?: string] {
  const parsed = parse(address);
  if (parsed === null) return [];
  if (parsed instanceof ipaddr.IPv6) return [prefix(parsed, 56), prefix(parsed, 48)];
  return [`${parsed.octets.slice(0, 3).join('.')}.0/24`];
}

/** @returns the widest of `surroundingNetworks` */
export function surroundingNetwork(address: string | undefined): string {
  return surroundingNetworks(address).at(-1) ?? UNKNOWN;
}

function parse(address: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const bare = withoutPort(address ?? '');
  // Checked first: the parser below also accepts `1` and `0x7f.1`.
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
