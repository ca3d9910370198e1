import { type IpRanges, normalizeIp } from './ip-ranges.ts'

/** No more of a header than this is looked at, from the right. */
const MAX_FORWARDED_LENGTH = 2_000

/**
 * Whose address a request comes from. `X-Forwarded-For` is read from the right, and only as far as the hops are
 * trusted proxies: everything left of the first stranger is what that stranger claims.
 *
 * @param peerIp the other end of the connection
 * @param trusted proxies whose word is taken; null: none, and the header is not looked at
 * @returns null where the peer itself is not known
 */
export function clientIp(
  peerIp: string | null | undefined,
  xForwardedFor: string | null | undefined,
  trusted: IpRanges | null,
): string | null {
  let nearest = normalizeIp(peerIp)
  if (trusted === null || xForwardedFor == null || nearest === null) return nearest
  const hops = xForwardedFor.slice(-MAX_FORWARDED_LENGTH).split(',')
  // The leftmost may be half an address, which can be somebody else's whole one.
  if (xForwardedFor.length > MAX_FORWARDED_LENGTH) hops.shift()
  while (trusted.includes(nearest)) {
    const hop = normalizeIp(hops.pop()?.trim())
    if (hop === null) return nearest
    nearest = hop
  }
  return nearest
}
