import { endedBy, hashCredential, parseCredential, parseIpRanges, Secret } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Arrival, Authenticator, View } from '../management/authenticator.ts'
import type { Caller } from '../management/caller.ts'
import type { SelfPermission } from '../management/permission.ts'
import { keyAtCommit, keyByHash, type PresentedKey } from './presented-key.store.ts'

/** Authenticates an API key that acts for itself: it can read what it is, and rotate itself where it is allowed to. */
export function keyAuthenticator(): Authenticator {
  return {
    scheme: 'api_key',
    howToPresent: 'the API key itself as `Authorization: Bearer …`',
    gives: new Set<SelfPermission>(['self:read', 'self:rotate']),
    read: ({ token }) =>
      token === null || parseCredential(token)?.kind !== 'api_key'
        ? null
        : {
            secret: new Secret(token),
            carrier: 'header',
            authenticate: (view, arrival) => authenticateKey(token, view, arrival),
          },
  }
}

async function authenticateKey(
  token: string,
  view: View,
  arrival: Arrival,
): Promise<Result<Caller, Problem>> {
  const hash = hashCredential(token)
  if (view.of === 'cache') throw new Error('a key that acts for itself is never looked up in a cache')
  const key = await (view.of === 'commit' ? keyAtCommit(view.tx, hash) : keyByHash(view.db, hash))
  if (key === null || endedBy(key, arrival.now.getTime()) !== null || !isAllowedFrom(key, arrival.ip))
    return no(NOT_ACCEPTED)
  return yes({
    ...arrival,
    actor: { kind: 'api_key', id: key.id },
    permissions: new Set<SelfPermission>(key.selfRotation ? ['self:read', 'self:rotate'] : ['self:read']),
    reach: { ownerId: key.ownerId, environments: null },
    seesMetadata: true,
    proof: null,
    latestExpiry: key.expiresAt,
  })
}

function isAllowedFrom({ ipAllowlist }: PresentedKey, ip: string | null): boolean {
  if (ipAllowlist === null) return true
  const ranges = parseIpRanges(ipAllowlist)
  return 'includes' in ranges && ranges.includes(ip)
}

/** One text for all of these: a stranger with a leaked key does not learn which it is. */
const NOT_ACCEPTED = problem(
  'invalid_token',
  'The key is unknown, revoked, expired, rotated or disabled, its owner is suspended, or it may not be used from this address.',
)
