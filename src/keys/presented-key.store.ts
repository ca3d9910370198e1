import type { Lifetime } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { earlier } from '../base/clock.ts'
import type { Db, Tx } from '../db/schema.ts'

/** A key as its secret presents it. */
export interface PresentedKey extends Lifetime {
  readonly id: string
  readonly ownerId: string
  readonly selfRotation: boolean
  readonly ipAllowlist: readonly string[] | null
}

export async function keyByHash(db: Db, hash: string): Promise<PresentedKey | null> {
  const row = await presentedRow(db, hash).executeTakeFirst()
  return row === undefined ? null : toPresented(row)
}

/**
 * The key as other transactions have left it. What this transaction did to its secret does not count: a key rotates
 * itself. Relies on READ COMMITTED, where each statement sees what is committed when it begins.
 */
export async function keyAtCommit(tx: Tx, hash: string): Promise<PresentedKey | null> {
  const row = await presentedRow(tx, hash)
    .select(sql<boolean>`secrets.xmin = pg_current_xact_id()::xid`.as('secret_is_ours'))
    .executeTakeFirst()
  if (row === undefined) return null
  return toPresented({ ...row, ...(row.secret_is_ours ? { retires_at: null, retired_at: null } : {}) })
}

function presentedRow(db: Db, hash: string) {
  return db
    .selectFrom('secrets')
    .innerJoin('keys', 'keys.id', 'secrets.holder_id')
    .innerJoin('owners', 'owners.id', 'keys.owner_id')
    .select(['keys.id', 'keys.owner_id', 'keys.self_rotation', 'keys.ip_allowlist'])
    .select(['keys.revoked_at as key_revoked_at', 'keys.disabled_at', 'owners.suspended_at'])
    .select(['keys.disable_unrotated_at', 'keys.disable_unlisted_at'])
    .select(['secrets.revoked_at', 'secrets.retires_at', 'secrets.retired_at', 'secrets.expires_at'])
    .where('secrets.hash', '=', Buffer.from(hash, 'hex'))
}

type Row = Awaited<ReturnType<ReturnType<typeof presentedRow>['executeTakeFirstOrThrow']>>

function toPresented(row: Row): PresentedKey {
  return {
    id: row.id,
    ownerId: row.owner_id,
    selfRotation: row.self_rotation,
    ipAllowlist: row.ip_allowlist,
    revokedAt: row.key_revoked_at ?? row.revoked_at,
    retiresAt: row.retires_at,
    retiredAt: row.retired_at,
    // A rule that disables the key at a date is compared like its end, until the job has disabled it.
    expiresAt: earlier(row.expires_at, earlier(row.disable_unrotated_at, row.disable_unlisted_at)),
    ownerSuspendedAt: row.suspended_at,
    disabledAt: row.disabled_at,
  }
}
