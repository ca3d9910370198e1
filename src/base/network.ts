import { isIPv4, isIPv6 } from 'node:net'

/** The network of an address, for counting: the holder of one IPv6 address has 2^64 of them. */
export function networkOf(ip: string | null): string {
  return ip !== null && isIPv6(ip) ? prefixOf(ip, 4) : (ip ?? 'nowhere')
}

/**
 * The networks of an address, the smallest first. For IPv6 also the /48: the most that a customer is given, with 65,536
 * networks of /64.
 */
export function networksOf(ip: string | null): readonly string[] {
  return ip !== null && isIPv6(ip) ? [prefixOf(ip, 4), `${prefixOf(ip, 3)}::/48`] : [networkOf(ip)]
}

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i

/**
 * The network in which an address is, as people name it: a /24, and a /48 of IPv6. The same text for every way in which
 * an address can be written; null for a text that is no address.
 */
export function wideNetworkOf(address: string): string | null {
  const ip = MAPPED.exec(address)?.[1] ?? address
  if (isIPv4(ip)) return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`
  if (!isIPv6(ip)) return null
  const groups = prefixOf(ip, 3)
    .split(':')
    .map((group) => Number.parseInt(group, 16).toString(16))
  return `${groups.join(':')}::/48`
}

function prefixOf(ip: string, length: number): string {
  const [head = '', tail = ''] = ip.split('::')
  const groups = [head, tail].map((part) => (part === '' ? [] : part.split(':')))
  const [left = [], right = []] = groups
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...zeros, ...right].slice(0, length).join(':')
}
