import { limitsOfWire } from '@doorward/sdk/kernel'
import { type Selectable, sql } from 'kysely'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { covers, environmentsOf, ownerOf, type Reach } from '../management/caller.ts'
import type { DisablingRule } from '../owners/disabling.ts'
import { toLimitColumns } from '../owners/limits.wire.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import { dayOf, type Key } from './key.ts'

/** A row of `keys` with what other tables say about it: see {@link aboutKey}. */
export type KeyRow = Selectable<Schema['keys']> & {
  suspended_at: Date | null
  created_by_name: string | null
}

export async function insertKey(
  tx: Tx,
  key: Omit<
    Key,
    | 'secrets'
    | 'disabledAt'
    | 'disabledBy'
    | 'disableUnlistedAt'
    | 'disableUnusedAt'
    | 'revokedAt'
    | 'revokedReason'
    | 'ownerSuspendedAt'
    | 'createdByName'
    | 'formerScopes'
  >,
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
      auto_rotate_after_days: key.autoRotateAfterDays,
      note: key.note,
      disable_unrotated_at: key.disableUnrotatedAt,
      created_by: key.createdBy,
      created_at: key.createdAt,
      seen_day: dayOf(key.createdAt),
      used_day: 0,
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

/** Some keys within reach with their secrets, in no order. */
export async function findKeys(db: Db, reach: Reach, ids: readonly string[]): Promise<Key[]> {
  if (ids.length === 0) return []
  const rows = await withOwner(db, reach).where(sql<boolean>`keys.id = any(${ids}::text[])`).execute()
  const secrets = Map.groupBy(
    await secretsOf(
      db,
      rows.map((row) => row.id),
    ),
    (secret) => secret.holderId,
  )
  return rows.map((row) => fromRow(row, secrets.get(row.id) ?? []))
}

/**
 * Locks some keys until the transaction ends, in the order of ids: before the first audit event, whose lock changes of
 * single keys take last. A change of their secrets locks these then too.
 */
export async function lockKeys(tx: Tx, reach: Reach, ids: readonly string[]): Promise<Key[]> {
  const [ownerId, environments] = [ownerOf(reach), environmentsOf(reach)]
  const ofOwner = ownerId === null ? sql`true` : sql`owner_id = ${ownerId}`
  const within =
    environments === null ? ofOwner : sql`${ofOwner} and environment = any(${[...environments]}::text[])`
  await sql`
    select id from keys where id = any(${ids}::text[]) and ${within} order by id for update`.execute(tx)
  return await findKeys(tx, reach, ids)
}

/** Neither revoked nor marked as expired, as partial indexes have it: some may have expired a moment ago. */
export const LIVE = sql<boolean>`keys.revoked_at is null and not keys.lapsed`

/** Neither revoked nor expired: some secret still works. */
export function hasNotEnded(now: Date) {
  return sql<boolean>`${LIVE} and (keys.ends_at is null or keys.ends_at > ${now}::timestamptz)`
}

/** Keys of an owner that count against its limit: in one environment, or in all. */
export async function countUnendedKeys(
  db: Db,
  ownerId: string,
  now: Date,
  environment: string | null = null,
): Promise<number> {
  const ofOwner = db
    .selectFrom('keys')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('owner_id', '=', ownerId)
    .where(hasNotEnded(now))
  const counted = environment === null ? ofOwner : ofOwner.where('environment', '=', environment)
  return Number((await counted.executeTakeFirstOrThrow()).n)
}

export interface KeyChange {
  readonly name?: string
  readonly scopes?: string[]
  readonly ip_allowlist?: string[] | null
  readonly metadata?: string
  readonly rate_limits?: string
  readonly quota?: string | null
  readonly self_rotation?: boolean
  readonly auto_rotate_after_days?: number | null
  readonly note?: string | null
  readonly former_scopes?: string[]
  readonly scopes_changed_at?: Date
  readonly disabled_at?: Date | null
  readonly disabled_by?: DisablingRule | null
  readonly disable_unrotated_at?: Date | null
  readonly disable_unlisted_at?: Date | null
  readonly disable_unused_at?: Date | null
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

/** Name of the admin key or member of staff that created a key. A caller that is bound to one owner sees its own only. */
export function creatorName(reach: Reach) {
  const ownerId = ownerOf(reach)
  const within = ownerId === null ? sql`` : sql`and admin_keys.owner_id = ${ownerId}`
  const adminKey = sql<string | null>`
    (select admin_keys.name from admin_keys where admin_keys.id = keys.created_by ${within})`
  return ownerId === null
    ? sql<
        string | null
      >`coalesce(${adminKey}, (select staff.name from staff where staff.id = keys.created_by))`
    : adminKey
}

function withOwner(db: Db, reach: Reach) {
  const query = db
    .selectFrom('keys')
    .innerJoin('owners', 'owners.id', 'keys.owner_id')
    .selectAll('keys')
    .select(['owners.suspended_at', creatorName(reach).as('created_by_name')])
  const ownerId = ownerOf(reach)
  const environments = environmentsOf(reach)
  const ofOwner = ownerId === null ? query : query.where('keys.owner_id', '=', ownerId)
  return environments === null
    ? ofOwner
    : ofOwner.where(sql<boolean>`keys.environment = any(${[...environments]}::text[])`)
}

/** A key as it is stored, with its secrets. */
export function fromRow(row: KeyRow, secrets: readonly StoredSecret[]): Key {
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
    autoRotateAfterDays: row.auto_rotate_after_days,
    note: row.note,
    createdBy: row.created_by,
    createdByName: row.created_by_name,
    createdAt: row.created_at,
    formerScopes:
      row.former_scopes === null || row.scopes_changed_at === null
        ? null
        : { scopes: row.former_scopes, changedAt: row.scopes_changed_at },
    disabledAt: row.disabled_at,
    disabledBy: row.disabled_by as DisablingRule | null,
    disableUnrotatedAt: row.disable_unrotated_at,
    disableUnlistedAt: row.disable_unlisted_at,
    disableUnusedAt: row.disable_unused_at,
    revokedAt: row.revoked_at,
    revokedReason: row.revoked_reason,
    ownerSuspendedAt: row.suspended_at,
    secrets,
  }
}
