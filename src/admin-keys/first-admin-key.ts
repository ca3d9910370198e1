import { hashCredential, mintCredential, type Secret } from '@doorward/sdk/kernel'
import { chainHead } from '../audit/audit-event.store.ts'
import type { Origin } from '../audit/audit-event.ts'
import type { Db } from '../db/schema.ts'
import { ALL_PERMISSIONS } from '../management/permission.ts'
import { adminKeyByHash, countAdminKeys } from './admin-key.store.ts'
import { registerAdminKey } from './create-admin-key.ts'

export type FirstKey =
  | { readonly outcome: 'made'; readonly secret: Secret }
  | { readonly outcome: 'registered' | 'known' | 'not_needed' }
  /** One was given, but there are others already and it is none of them. */
  | { readonly outcome: 'ignored' }

/**
 * Sees to it that there is an admin key: the given one, or a new one that is shown once. Only where there is none at
 * all; afterwards admin keys are made by admin keys. Of servers that start at once, one makes it.
 */
export async function ensureFirstAdminKey(
  db: Db,
  origin: Origin,
  brand: string | null,
  given: Secret | null,
): Promise<FirstKey> {
  return await db.transaction().execute(async (tx): Promise<FirstKey> => {
    await chainHead(tx, 'lock')
    if ((await countAdminKeys(tx)) > 0) {
      if (given === null) return { outcome: 'not_needed' }
      const known = await adminKeyByHash(tx, hashCredential(given.reveal()))
      return { outcome: known === null ? 'ignored' : 'known' }
    }
    const secret = given ?? mintCredential('admin_key', { brand })
    await registerAdminKey(tx, origin, secret, { ...FULL, name: 'first admin key' })
    return given === null ? { outcome: 'made', secret } : { outcome: 'registered' }
  })
}

/** A new admin key with all permissions, for an operator who has the database but no key to it any more. */
export async function makeRecoveryKey(db: Db, origin: Origin, brand: string | null): Promise<Secret> {
  const secret = mintCredential('admin_key', { brand })
  await db
    .transaction()
    .execute((tx) => registerAdminKey(tx, origin, secret, { ...FULL, name: 'made at the command line' }))
  return secret
}

const FULL = { permissions: ALL_PERMISSIONS, ownerId: null, expiresAt: null }
