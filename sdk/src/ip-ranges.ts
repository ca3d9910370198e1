import { BlockList, isIP, isIPv4 } from 'node:net'

/** A set of addresses, from addresses and CIDR blocks of both families. */
export interface IpRanges {
  /** The entries as they were given. */
  readonly entries: readonly string[]
  /** Whether an address is inside. `::ffff:10.0.0.1` counts as `10.0.0.1`. Null (unknown) never is. */
  includes(ip: string | null): boolean
}

/** Reads a list of addresses and CIDR blocks; where an entry is neither, says which. */
export function parseIpRanges(entries: readonly string[]): IpRanges | { readonly notARange: string } {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits, ...more] = entry.split('/')
    const family = isIP(address)
    const width = family === 4 ? 32 : 128
    if (family === 0 || address.includes('%') || more.length > 0) return { notARange: entry }
    if (bits !== undefined && !(/^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= width))
      return { notARange: entry }
    list.addSubnet(address, bits === undefined ? width : Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  }
  // Mostly it is one proxy that is asked about, again and again.
  let asked: string | null = null
  let answer = false
  const includes = (ip: string | null) => {
    if (ip === asked) return answer
    answer = ip !== null && isIP(ip) !== 0 && list.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6')
    asked = ip
    return answer
  }
  return { entries, includes }
}

/** Longest address that is kept with its zone. A zone has no bound of its own, and a client can write one in a header. */
const MAX_IP_LENGTH = 60

/** An address in one spelling: v4-mapped v6 as v4. Null where the text is no address. */
export function normalizeIp(text: string | null | undefined): string | null {
  if (text === null || text === undefined || isIP(text) === 0) return null
  const ip = text.length > MAX_IP_LENGTH ? text.slice(0, text.indexOf('%')) : text
  if (!ip.startsWith(':')) return ip
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  return mapped?.[1] ?? ip
}
