import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';

const SAFE = /^[\w-]{1,64}$/;

/**
 * Gives every request an id. That of `X-Request-Id` is taken from a trusted proxy alone, and only if it is of the shape
 * `[A-Za-z0-9_-]{1,64}`; any other is ignored, and a UUID made.
 *
 * @param trustProxy addresses and networks
 */
export function requestIds(trustProxy: readonly string[]): (request: IncomingMessage) => string {
  const proxies = new BlockList();
  for (const network of trustProxy) {
    const [address = '', bits] = network.split('/');
    const family = familyOf(address);
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  return ({ headers, socket }) => {
    const given = headers['x-request-id'];
    const { remoteAddress } = socket;
    const trusted = typeof given === 'string' && remoteAddress && proxies.check(remoteAddress, familyOf(remoteAddress));
    return trusted && SAFE.test(given) ? given : randomUUID();
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
