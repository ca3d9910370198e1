import { limitsOfWire } from '@doorward/sdk/kernel'
import { type Selectable, sql } from 'kysely'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { covers, environmentsOf, ownerOf, type Reach } from '../management/caller.ts'
import { toLimitColumns } from '../owners/limits.wire.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import { dayOf, type Key } from './key.ts'

type Row = Selectable<Schema['keys']> & { suspended_at: Date | null }

export async function insertKey(
  tx: Tx,
  key: Omit<Key, 'secrets' | 'disabledAt' | 'revokedAt' | 'revokedReason' | 'ownerSuspendedAt'>,
): Promise<void> {
  await tx
    .insertInto('keys')
    .values({
      id: key.id,
      owner_id: key.ownerId,
      name: key.name,
      environment: key.environment,
      scopes: [...key.scopes],
      ip_allowlist: key.ipAllowlist === null ? null : [...key.ipAllowlist],
      metadata: JSON.stringify(key.metadata),
      ...toLimitColumns(key.limits),
      self_rotation: key.selfRotation,
      created_by: key.createdBy,
      created_at: key.createdAt,
      seen_day: dayOf(key.createdAt),
    })
    .execute()
}

export async function findKey(db: Db, reach: Reach, id: string): Promise<Key | undefined> {
  const row = await withOwner(db, reach).where('keys.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : fromRow(row, await secretsOf(db, [id]))
}

/** The key with its secrets, its row locked until the transaction ends. */
export async function lockKey(tx: Tx, reach: Reach, id: string): Promise<Key | undefined> {
  const locked = await tx
    .selectFrom('keys')
    .select('owner_id')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return locked !== undefined && covers(reach, locked.owner_id) ? await findKey(tx, reach, id) : undefined
}

/** Neither revoked nor expired: some secret still works. Indexes leave out lapsed keys, which have expired. */
export function hasNotEnded(now: Date) {
  return sql<boolean>`keys.revoked_at is null and not keys.lapsed
    and (keys.ends_at is null or keys.ends_at > ${now}::timestamptz)`
}

/** Keys of an owner that count against its limit. */
export async function countUnendedKeys(db: Db, ownerId: string, now: Date): Promise<number> {
  const { n } = await db
    .selectFrom('keys')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('owner_id', '=', ownerId)
    .where(hasNotEnded(now))
    .executeTakeFirstOrThrow()
  return Number(n)
}

export interface KeyChange {
  readonly name?: string
  readonly scopes?: string[]
  readonly ip_allowlist?: string[] | null
  readonly metadata?: string
  readonly rate_limits?: string
  readonly quota?: string | null
  readonly self_rotation?: boolean
  readonly disabled_at?: Date | null
  readonly revoked_at?: Date
  readonly revoked_reason?: string
}

/** Changes a key of this owner, unless it is revoked. */
export async function updateKey(tx: Tx, key: Pick<Key, 'id' | 'ownerId'>, change: KeyChange): Promise<void> {
  const done = await tx
    .updateTable('keys')
    .set(change)
    .where('id', '=', key.id)
    .where('owner_id', '=', key.ownerId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  if (done.numUpdatedRows !== 1n)
    throw new Error(`${key.id} was not there to be changed, though it was locked`)
}

function withOwner(db: Db, reach: Reach) {
  const query = db
    .selectFrom('keys')
    .innerJoin('owners', 'owners.id', 'keys.owner_id')
    .selectAll('keys')
    .select('owners.suspended_at')
  const ownerId = ownerOf(reach)
  const environments = environmentsOf(reach)
  const ofOwner = ownerId === null ? query : query.where('keys.owner_id', '=', ownerId)
  return environments === null
    ? ofOwner
    : ofOwner.where(sql<boolean>`keys.environment = any(${[...environments]}::text[])`)
}

/** A key as it is stored, with its secrets. */
export function fromRow(row: Row, secrets: readonly StoredSecret[]): Key {
  return {
    id: row.id,
    ownerId: row.owner_id,
    name: row.name,
    environment: row.environment,
    scopes: row.scopes,
    ipAllowlist: row.ip_allowlist,
    metadata: row.metadata,
    limits: limitsOfWire(row),
    selfRotation: row.self_rotation,
    createdBy: row.created_by,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    revokedAt: row.revoked_at,
    revokedReason: row.revoked_reason,
    ownerSuspendedAt: row.suspended_at,
    secrets,
  }
}
