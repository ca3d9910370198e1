import type { Lifetime } from '@doorward/sdk/kernel'
import { type Selectable, sql } from 'kysely'
import { newestFirst, type PageRequest } from '../db/keyset.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import type { Permission } from '../management/permission.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import type { AdminKey } from './admin-key.ts'

type Row = Selectable<Schema['admin_keys']>

export async function insertAdminKey(tx: Tx, key: Omit<AdminKey, 'secrets' | 'revokedAt' | 'revokedReason'>) {
  await tx
    .insertInto('admin_keys')
    .values({
      id: key.id,
      name: key.name,
      permissions: [...key.permissions],
      owner_id: key.ownerId,
      environments: key.environments === null ? null : [...key.environments],
      hides_metadata: key.hidesMetadata,
      created_by: key.createdBy,
      created_at: key.createdAt,
    })
    .execute()
}

/** The facts that decide whether a presented admin key is accepted, in one statement. */
export interface PresentedAdminKey extends Lifetime {
  readonly id: string
  readonly secretId: string
  readonly permissions: readonly Permission[]
  readonly ownerId: string | null
  readonly environments: readonly string[] | null
  readonly hidesMetadata: boolean
}

export async function adminKeyByHash(db: Db, hash: string): Promise<PresentedAdminKey | null> {
  const [key] = await adminKeysByHash(db, [hash])
  return key ?? null
}

/** Admin keys in the order of the hashes; null where there is none. */
export async function adminKeysByHash(
  db: Db,
  hashes: readonly string[],
): Promise<(PresentedAdminKey | null)[]> {
  const rows = await presentedRows(db, hashes).execute()
  const found = new Map(rows.map((row) => [Buffer.from(row.hash).toString('hex'), toPresented(row)]))
  return hashes.map((hash) => found.get(hash) ?? null)
}

/**
 * An admin key as other transactions have committed it. A revocation by this transaction does not count: an admin key
 * may revoke itself, or suspend its owner. A row of this transaction must therefore hold no end by another one: what
 * writes these rows checks, under their lock, that none came first. Relies on READ COMMITTED, where each statement sees what is committed when it begins.
 */
export async function adminKeyAtCommit(tx: Tx, hash: string): Promise<PresentedAdminKey | null> {
  const row = await presentedRows(tx, [hash])
    .select([
      sql<boolean>`admin_keys.xmin = pg_current_xact_id()::xid`.as('key_is_ours'),
      sql<boolean>`secrets.xmin = pg_current_xact_id()::xid`.as('secret_is_ours'),
      sql<boolean | null>`owners.xmin = pg_current_xact_id()::xid`.as('owner_is_ours'),
    ])
    .executeTakeFirst()
  if (row === undefined) return null
  const { key_is_ours, secret_is_ours, owner_is_ours } = row
  return toPresented({
    ...row,
    ...(key_is_ours ? { key_revoked_at: null } : {}),
    ...(secret_is_ours ? { revoked_at: null, retires_at: null, retired_at: null } : {}),
    ...(owner_is_ours === true ? { suspended_at: null } : {}),
  })
}

function presentedRows(db: Db, hashes: readonly string[]) {
  return db
    .selectFrom('secrets')
    .innerJoin('admin_keys', 'admin_keys.id', 'secrets.holder_id')
    .leftJoin('owners', 'owners.id', 'admin_keys.owner_id')
    .select([
      'secrets.hash',
      'secrets.id as secret_id',
      'admin_keys.id',
      'admin_keys.permissions',
      'admin_keys.owner_id',
      'admin_keys.environments',
      'admin_keys.hides_metadata',
      'admin_keys.revoked_at as key_revoked_at',
    ])
    .select([
      'secrets.revoked_at',
      'secrets.retires_at',
      'secrets.retired_at',
      'secrets.expires_at',
      'owners.suspended_at',
    ])
    .where(sql<boolean>`secrets.hash = any(${hashes.map((hash) => Buffer.from(hash, 'hex'))}::bytea[])`)
}

type PresentedRow = Awaited<ReturnType<ReturnType<typeof presentedRows>['executeTakeFirstOrThrow']>>

function toPresented(row: PresentedRow): PresentedAdminKey {
  return {
    id: row.id,
    secretId: row.secret_id,
    permissions: row.permissions as Permission[],
    ownerId: row.owner_id,
    environments: row.environments,
    hidesMetadata: row.hides_metadata,
    revokedAt: row.key_revoked_at ?? row.revoked_at,
    retiresAt: row.retires_at,
    retiredAt: row.retired_at,
    expiresAt: row.expires_at,
    ownerSuspendedAt: row.suspended_at,
    disabledAt: null,
  }
}

export async function findAdminKey(db: Db, id: string): Promise<AdminKey | undefined> {
  const row = await db.selectFrom('admin_keys').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : fromRow(row, await secretsOf(db, [id]))
}

/** The key with its secrets, its row locked until the transaction ends. */
export async function lockAdminKey(tx: Tx, id: string): Promise<AdminKey | undefined> {
  const row = await tx
    .selectFrom('admin_keys')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return row === undefined ? undefined : fromRow(row, await secretsOf(tx, [id]))
}

/**
 * All that are not revoked. An advisory lock defers other revocations until the transaction ends: two cannot each leave
 * the other's key as the last. One lock for the whole set, because locking many rows deadlocks if they change meanwhile.
 */
export async function lockUnrevokedAdminKeys(tx: Tx): Promise<AdminKey[]> {
  await sql`select pg_advisory_xact_lock(hashtext('doorward: revoking admin keys'))`.execute(tx)
  const rows = await tx.selectFrom('admin_keys').selectAll().where('revoked_at', 'is', null).execute()
  return await withSecrets(tx, rows)
}

export async function listAdminKeys(db: Db, page: PageRequest): Promise<AdminKey[]> {
  const query = newestFirst(db.selectFrom('admin_keys').selectAll(), ['created_at', 'id'], page)
  return await withSecrets(db, await query.execute())
}

export async function countAdminKeys(db: Db): Promise<number> {
  const { n } = await db
    .selectFrom('admin_keys')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return Number(n)
}

export async function markAdminKeyRevoked(tx: Tx, id: string, reason: string, now: Date): Promise<void> {
  await tx
    .updateTable('admin_keys')
    .set({ revoked_at: now, revoked_reason: reason })
    .where('id', '=', id)
    .execute()
}

async function withSecrets(db: Db, rows: readonly Row[]): Promise<AdminKey[]> {
  const secrets = await secretsOf(
    db,
    rows.map((row) => row.id),
  )
  return rows.map((row) =>
    fromRow(
      row,
      secrets.filter((secret) => secret.holderId === row.id),
    ),
  )
}

function fromRow(row: Row, secrets: readonly StoredSecret[]): AdminKey {
  return {
    id: row.id,
    name: row.name,
    permissions: row.permissions as Permission[],
    ownerId: row.owner_id,
    environments: row.environments,
    hidesMetadata: row.hides_metadata,
    createdBy: row.created_by,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    revokedReason: row.revoked_reason,
    secrets,
  }
}
