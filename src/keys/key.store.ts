import { limitsOfWire } from '@doorward/sdk/kernel'
import { type Selectable, sql } from 'kysely'
import { covers, type Reach } from '../admin/caller.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import type { Position } from '../http/cursor.ts'
import { toLimitColumns } from '../owners/limits.wire.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import type { Key, KeyState } from './key.ts'

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
      created_by: key.createdBy,
      created_at: key.createdAt,
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

export interface KeyFilter {
  readonly ownerId?: string | undefined
  readonly environment?: string | undefined
  readonly state?: KeyState | undefined
  /** There at that moment, and not used since: never used counts. Only what is not over, unless a state is asked for. */
  readonly unusedSince?: Date | undefined
  /** Ends before then. Only what is active, unless a state is asked for. */
  readonly expiringBefore?: Date | undefined
}

export async function listKeys(
  db: Db,
  reach: Reach,
  filter: KeyFilter,
  page: { after: Position | null; limit: number; now: Date },
): Promise<Key[]> {
  let query = withOwner(db, reach)
    .innerJoin('secrets as current', (join) =>
      join
        .onRef('current.holder_id', '=', 'keys.id')
        .on('current.revoked_at', 'is', null)
        .on('current.retires_at', 'is', null),
    )
    .orderBy('keys.created_at', 'desc')
    .orderBy('keys.id', 'desc')
    .limit(page.limit)
  const { after } = page
  if (after !== null)
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('keys.created_at', 'keys.id'), '<', tuple(after.at, after.id)),
    )
  if (filter.ownerId !== undefined) query = query.where('keys.owner_id', '=', filter.ownerId)
  if (filter.environment !== undefined) query = query.where('keys.environment', '=', filter.environment)
  const states = statesOf(filter)
  if (states !== null) query = query.where(stateIn(page.now), 'in', states)
  if (filter.expiringBefore !== undefined)
    query = query.where('current.expires_at', '<', filter.expiringBefore)
  const { unusedSince } = filter
  if (unusedSince !== undefined)
    query = query
      .where('keys.created_at', '<=', unusedSince)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('secrets')
              .select('secrets.id')
              .whereRef('secrets.holder_id', '=', 'keys.id')
              .where('secrets.last_used_at', '>=', unusedSince),
          ),
        ),
      )
  const rows = await query.execute()
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

/** The states that a filter lets through; null: all. */
function statesOf({ state, unusedSince, expiringBefore }: KeyFilter): readonly KeyState[] | null {
  if (state !== undefined) return [state]
  if (expiringBefore !== undefined) return ['active']
  return unusedSince === undefined ? null : ['active', 'disabled', 'suspended']
}

/** The state of a key, as `stateOf` has it: a test holds the two together. */
function stateIn(now: Date) {
  return sql<KeyState>`case
    when keys.revoked_at is not null then 'revoked'
    when not ${hasLiveSecret(now)} then 'expired'
    when owners.suspended_at is not null then 'suspended'
    when keys.disabled_at is not null then 'disabled'
    else 'active' end`
}

function hasLiveSecret(now: Date) {
  return sql<boolean>`exists (
    select from secrets
    where secrets.holder_id = keys.id and secrets.revoked_at is null and secrets.retired_at is null
      and (secrets.retires_at is null or secrets.retires_at > ${now}::timestamptz)
      and (secrets.expires_at is null or secrets.expires_at > ${now}::timestamptz)
  )`
}

/** Keys of an owner that still take a place: neither revoked nor expired. */
export async function countStandingKeys(db: Db, ownerId: string, now: Date): Promise<number> {
  const { n } = await db
    .selectFrom('keys')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('owner_id', '=', ownerId)
    .where('revoked_at', 'is', null)
    .where(hasLiveSecret(now))
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
  readonly disabled_at?: Date | null
  readonly revoked_at?: Date
  readonly revoked_reason?: string
}

/** Changes a key of this owner; what is revoked stays as it is. */
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
  return reach === 'every_owner' ? query : query.where('keys.owner_id', '=', reach.ownerId)
}

function fromRow(row: Row, secrets: readonly StoredSecret[]): Key {
  return {
    id: row.id,
    ownerId: row.owner_id,
    name: row.name,
    environment: row.environment,
    scopes: row.scopes,
    ipAllowlist: row.ip_allowlist,
    metadata: row.metadata,
    limits: limitsOfWire(row),
    createdBy: row.created_by,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    revokedAt: row.revoked_at,
    revokedReason: row.revoked_reason,
    ownerSuspendedAt: row.suspended_at,
    secrets,
  }
}
