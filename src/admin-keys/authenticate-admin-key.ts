import { endedBy, hashCredential, parseCredential, Secret } from '@doorward/sdk/kernel'
import { no, yes } from '../base/result.ts'
import { problem } from '../http/problem.ts'
import type { Arrival, Authenticator, PresentedCredential, View } from '../management/authenticator.ts'
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
      token === null || parseCredential(token)?.kind !== 'admin_key' ? null : presentedKey(known, token),
  }
}

function presentedKey(known: KnownAdminKeys, token: string): PresentedCredential {
  let accepted: PresentedAdminKey | null = null
  return {
    secret: new Secret(token),
    carrier: 'header',
    authenticate: async (view, arrival) => {
      const key = await acceptedKey(known, token, view, arrival)
      accepted = key
      return key === null ? no(NOT_ACCEPTED) : yes(callerOf(key, arrival))
    },
    noteUse: (permission, request) => {
      if (accepted !== null) known.uses.note(accepted, permission, request)
    },
  }
}

/** The active admin key of a secret, and its caller; null for any other text. */
export async function authenticateAdminKey(
  known: KnownAdminKeys,
  token: string,
  view: View,
  arrival: Arrival,
): Promise<{ readonly key: PresentedAdminKey; readonly caller: Caller } | null> {
  const key = await acceptedKey(known, token, view, arrival)
  return key && { key, caller: callerOf(key, arrival) }
}

async function acceptedKey(
  known: KnownAdminKeys,
  token: string,
  view: View,
  { now }: Arrival,
): Promise<PresentedAdminKey | null> {
  const key = await find(known, token, view)
  return key === null || endedBy(key, now.getTime()) !== null ? null : key
}

function callerOf(key: PresentedAdminKey, arrival: Arrival): Caller {
  return {
    ...arrival,
    actor: { kind: 'admin_key', id: key.id },
    permissions: withParts(key.permissions),
    reach: reachOf(key.ownerId, key.environments),
    latestExpiry: key.expiresAt,
    seesMetadata: !key.hidesMetadata,
    proof: null,
  }
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
