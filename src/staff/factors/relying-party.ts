import { isIP } from 'node:net'

/** Relying party of passkeys: our host (the RP id), and the one origin that may use them. */
export interface RelyingParty {
  readonly id: string
  readonly origin: string
}

/** @returns null where browsers make no passkeys: for IP addresses, and over http except on localhost */
export function relyingPartyOf(publicUrl: string): RelyingParty | null {
  const { hostname: id, origin, protocol } = new URL(publicUrl)
  if (isIP(id.replace(/^\[|\]$/g, '')) !== 0) return null
  const isLocal = id === 'localhost' || id.endsWith('.localhost')
  return protocol === 'https:' || isLocal ? { id, origin } : null
}
