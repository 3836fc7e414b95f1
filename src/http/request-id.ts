import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';

const SAFE = /^[\w-]{1,64}$/;

/**
 * Gives every request an id. Takes `X-Request-Id` only from a trusted proxy and only in the form `[A-Za-z0-9_-]{1,64}`.
 * Otherwise ignores the header and generates a UUID.
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
