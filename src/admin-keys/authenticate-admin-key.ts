import { endedBy, hashCredential, parseCredential, Secret } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Arrival, Authenticator, View } from '../management/authenticator.ts'
import { type Caller, reachOf } from '../management/caller.ts'
import { ALL_PERMISSIONS, withParts } from '../management/permission.ts'
import { adminKeyAtCommit, adminKeyByHash, type PresentedAdminKey } from './admin-key.store.ts'
import type { KnownAdminKeys } from './known-admin-keys.ts'

/** Authenticates admin keys. Other kinds are recognized by their prefix and not looked up. */
export function adminKeyAuthenticator(known: KnownAdminKeys): Authenticator {
  return {
    scheme: 'admin_key',
    howToPresent: 'an admin key as `Authorization: Bearer ak_…`',
    gives: new Set(ALL_PERMISSIONS),
    read: ({ token }) =>
      token === null || parseCredential(token)?.kind !== 'admin_key'
        ? null
        : {
            secret: new Secret(token),
            carrier: 'header',
            authenticate: (view, arrival) => authenticateAdminKey(known, token, view, arrival),
          },
  }
}

export async function authenticateAdminKey(
  known: KnownAdminKeys,
  token: string,
  view: View,
  arrival: Arrival,
): Promise<Result<Caller, Problem>> {
  const key = await find(known, token, view)
  if (key === null || endedBy(key, arrival.now.getTime()) !== null) return no(NOT_ACCEPTED)
  return yes({
    ...arrival,
    actor: { kind: 'admin_key', id: key.id },
    permissions: withParts(key.permissions),
    reach: reachOf(key.ownerId, key.environments),
    latestExpiry: key.expiresAt,
    seesMetadata: !key.hidesMetadata,
    proof: null,
  })
}

/** The admin key of a secret, active or not. */
async function find(known: KnownAdminKeys, token: string, view: View): Promise<PresentedAdminKey | null> {
  switch (view.of) {
    case 'cache':
      return await known.find(token)
    case 'database':
      return await adminKeyByHash(view.db, hashCredential(token))
    case 'commit':
      return await adminKeyAtCommit(view.tx, hashCredential(token))
  }
}

const NOT_ACCEPTED = problem(
  'invalid_token',
  'The admin key is unknown, revoked, expired or rotated. Present an active one as `Authorization: Bearer ak_…`.',
)
