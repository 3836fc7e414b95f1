import { describe, expect, it } from '@jest/globals';
import { clientNetwork, surroundingNetwork, surroundingNetworks } from './client-network.js';

describe('clientNetwork', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['192.0.2.7:50123', '192.0.2.7'],
    ['[2001:db8:1:2::1]:50123', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]', '2001:db8:1:2::/64'],
  ])('maps %s to the network %s', (address, network) => {
    expect(clientNetwork(address)).toBe(network);
  });

  it.each([undefined, '', 'unknown', '_hidden', '1', '0x7f.1', '192.0.2.256', '[]', '192.0.2.7:x', 'a'.repeat(10_000)])(
    'counts everything that is no address as one network: %p',
    (address) => {
      expect(clientNetwork(address)).toBe('unknown');
    },
  );
});

describe('surroundingNetworks', () => {
  it.each([
    ['192.0.2.7', ['192.0.2.0/24']],
    ['::ffff:192.0.2.7', ['192.0.2.0/24']],
    ['2001:db8:1:2345::1', ['2001:db8:1:2300::/56', '2001:db8:1:0::/48']],
    ['unknown', []],
    [undefined, []],
  ])('returns for %s the networks %j', (address, networks) => {
    expect(surroundingNetworks(address)).toEqual(networks);
    expect(surroundingNetwork(address)).toBe(networks.at(-1) ?? 'unknown');
  });
});
