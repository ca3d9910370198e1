import { BlockList, isIPv6 } from 'node:net'

/** Addresses that are not of the public Internet (IANA special-purpose registries): never fetched from (SSRF). */
const RESERVED_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const
/** Exceptions within global unicast, the only block in use: Teredo and similar, 6to4, documentation. */
const RESERVED_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const reserved = new BlockList()
for (const [net, bits] of RESERVED_V4) reserved.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of RESERVED_V6) reserved.addSubnet(net, bits, 'ipv6')
const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

/** True for an IP address of the public Internet. IPv4-mapped IPv6 is not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv6(address)) return global.check(address, 'ipv6') && !reserved.check(address, 'ipv6')
  return !reserved.check(address, 'ipv4')
}
