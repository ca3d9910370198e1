import { isIPv6 } from 'node:net'

/** Whose address it is, for counting: who has one IPv6 address has 2^64 of them. */
export function networkOf(ip: string | null): string {
  if (ip === null || !isIPv6(ip)) return ip ?? 'nowhere'
  const [head = '', tail = ''] = ip.split('::')
  const groups = [head, tail].map((part) => (part === '' ? [] : part.split(':')))
  const [left = [], right = []] = groups
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...zeros, ...right].slice(0, 4).join(':')
}
