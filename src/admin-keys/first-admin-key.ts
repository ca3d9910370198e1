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
  /** A key was configured, but others exist and it is not among them. */
  | { readonly outcome: 'ignored' }

/**
 * Creates the first admin key: the configured one, or a new one that is shown once. Only where none exists; afterwards
 * admin keys create admin keys. Of servers that start at once, only one creates it.
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

/** Creates a recovery key: all permissions, for an operator with the database but without an admin key. */
export async function makeRecoveryKey(db: Db, origin: Origin, brand: string | null): Promise<Secret> {
  const secret = mintCredential('admin_key', { brand })
  await db
    .transaction()
    .execute((tx) => registerAdminKey(tx, origin, secret, { ...FULL, name: 'made at the command line' }))
  return secret
}

const FULL = {
  permissions: ALL_PERMISSIONS,
  ownerId: null,
  environments: null,
  hidesMetadata: false,
  expiresAt: null,
}
