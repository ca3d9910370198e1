import { isIPv4, isIPv6 } from 'node:net'
import { type IpRanges, normalizeIp } from '../verdict/ip-ranges.ts'

/** Only so much of a header is read, from the right. */
const MAX_FORWARDED_LENGTH = 2_000

/**
 * Finds the address of the client. `X-Forwarded-For` is read from the right, and only as far as the hops are trusted
 * proxies: everything left of the first untrusted address is that client's claim. A hop that cannot be read makes the
 * client unknown: the proxy that wrote it is trusted, and is not the client.
 *
 * @param peerIp the other end of the connection
 * @param xForwardedFor null or undefined only where the header is missing; an empty one cannot be read
 * @param trusted proxies whose header is believed; null: none, and the header is ignored
 * @returns null where the client is unknown, which no allow-list contains
 */
export function clientIp(
  peerIp: string | null | undefined,
  xForwardedFor: string | null | undefined,
  trusted: IpRanges | null,
): string | null {
  const peer = addressOfHop(peerIp)
  if (trusted === null || xForwardedFor == null || !trusted.includes(peer)) return peer
  const hops = xForwardedFor.slice(-MAX_FORWARDED_LENGTH).split(',')
  // The leftmost may be cut off, which can be another valid address; and there were more hops left of it.
  if (xForwardedFor.length > MAX_FORWARDED_LENGTH) hops[0] = ''
  let nearest: string | null = null
  do nearest = addressOfHop(hops.pop()?.trim())
  while (hops.length > 0 && trusted.includes(nearest))
  return nearest
}

/** An address with the port that a load balancer adds. */
const WITH_PORT = /^(?:\[([^\]]{2,45})\]|([\d.]{7,15}))(?::(\d{1,5}))?$/

/**
 * Reads an address as proxies write it: bare, `address:port` (Azure Application Gateway, IIS), `[v6]` or `[v6]:port`.
 * Null for any other text, such as `unknown`, and for an invalid port. A zone (`%eth0`) is dropped: it has a meaning on
 * the writer's machine only.
 */
export function addressOfHop(text: string | null | undefined): string | null {
  const bare = normalizeIp(text)
  if (bare !== null) return withoutZone(bare)
  const [, bracketed, plain, port] = WITH_PORT.exec(text ?? '') ?? []
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) return null
  if (bracketed !== undefined) return isIPv6(bracketed) ? normalizeIp(withoutZone(bracketed)) : null
  return plain !== undefined && isIPv4(plain) ? plain : null
}

function withoutZone(ip: string): string {
  const zone = ip.indexOf('%')
  return zone === -1 ? ip : ip.slice(0, zone)
}
