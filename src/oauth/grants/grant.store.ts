import { type Selectable, sql } from 'kysely'
import { newestFirst, type PageRequest } from '../../db/keyset.ts'
import type { ShownJson } from '../../db/oauth-tables.ts'
import type { Db, Schema, Tx } from '../../db/schema.ts'
import { ownerOf, type Reach } from '../../management/caller.ts'
import type { Grant, GrantState, NamedGrant } from './grant.ts'

type NewGrant = Pick<
  Grant,
  'id' | 'userId' | 'clientId' | 'ownerId' | 'scopes' | 'implied' | 'shown' | 'createdAt' | 'expiresAt'
>

export async function insertGrant(tx: Tx, grant: NewGrant): Promise<void> {
  await tx
    .insertInto('grants')
    .values({
      id: grant.id,
      user_id: grant.userId,
      client_id: grant.clientId,
      owner_id: grant.ownerId,
      scopes: [...grant.scopes],
      brought: [...grant.implied],
      shown: JSON.stringify(grant.shown),
      granted_at: grant.createdAt,
      consented_at: grant.createdAt,
      expires_at: grant.expiresAt,
    })
    .execute()
}

export interface GrantChange {
  readonly scopes?: string[]
  readonly brought?: string[]
  readonly shown?: ShownJson
  readonly consented_at?: Date
  readonly expires_at?: Date | null
  readonly revoked_at?: Date
  readonly revoked_by?: string
  readonly revoked_reason?: string
}

/** Changes an unrevoked grant of this user, client and owner. */
export async function updateGrant(
  tx: Tx,
  { id, userId, clientId, ownerId }: Pick<Grant, 'id' | 'userId' | 'clientId' | 'ownerId'>,
  { shown, ...change }: GrantChange,
): Promise<void> {
  const done = await tx
    .updateTable('grants')
    .set({ ...change, ...(shown === undefined ? {} : { shown: JSON.stringify(shown) }) })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .where('owner_id', '=', ownerId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  if (done.numUpdatedRows !== 1n) throw new Error(`${id} was locked and is gone`)
}

/** Locks an unrevoked grant until the transaction ends: no token is issued on it meanwhile. */
export async function lockGrant(tx: Tx, id: string): Promise<Grant | undefined> {
  const row = await tx
    .selectFrom('grants')
    .selectAll()
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** Locks the one unrevoked grant of a user, client and owner. */
export async function lockUnrevokedGrant(
  tx: Tx,
  { userId, clientId, ownerId }: Pick<Grant, 'userId' | 'clientId' | 'ownerId'>,
): Promise<Grant | undefined> {
  const row = await tx
    .selectFrom('grants')
    .selectAll()
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .where('owner_id', '=', ownerId)
    .where('revoked_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** Unrevoked grants of a user to a client, for each owner. */
export async function unrevokedGrants(db: Db, userId: string, clientId: string): Promise<Grant[]> {
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .where('revoked_at', 'is', null)
    .execute()
  return rows.map(fromRow)
}

export interface GrantFilter {
  readonly userId?: string | undefined
  readonly clientId?: string | undefined
  readonly ownerId?: string | undefined
  /** First granted earlier than this. */
  readonly before?: Date | undefined
}

export async function findGrant(db: Db, reach: Reach, id: string): Promise<NamedGrant | undefined> {
  const row = await named(db, reach).where('grants.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : fromNamedRow(row)
}

/** Newest first. */
export async function listGrants(
  db: Db,
  reach: Reach,
  { states, ...filter }: GrantFilter & { readonly states?: readonly GrantState[] | undefined },
  now: Date,
  page: PageRequest,
): Promise<NamedGrant[]> {
  let query = newestFirst(named(db, reach).where(matching(filter)), ['grants.granted_at', 'grants.id'], page)
  if (states !== undefined) query = query.where(isInState(states, now))
  return (await query.execute()).map(fromNamedRow)
}

/** The columns that revoking needs: there may be very many grants, and `shown` is long. */
export type LockedGrant = Pick<Grant, 'id' | 'userId' | 'clientId' | 'ownerId'>

/** Locks unrevoked grants in the order of their ids, so that two transactions that do so cannot deadlock. */
export async function lockGrants(
  tx: Tx,
  reach: Reach,
  filter: GrantFilter,
  limit: number,
): Promise<LockedGrant[]> {
  let query = tx
    .selectFrom('grants')
    .select(['id', 'user_id as userId', 'client_id as clientId', 'owner_id as ownerId'])
    .where(matching(filter))
    .where('revoked_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .forUpdate()
  const ownerId = ownerOf(reach)
  if (ownerId !== null) query = query.where('owner_id', '=', ownerId)
  return await query.execute()
}

export async function countUnrevoked(db: Db, reach: Reach, filter: GrantFilter): Promise<number> {
  let query = db
    .selectFrom('grants')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where(matching(filter))
    .where('revoked_at', 'is', null)
  const ownerId = ownerOf(reach)
  if (ownerId !== null) query = query.where('owner_id', '=', ownerId)
  return Number((await query.executeTakeFirstOrThrow()).n)
}

/** Revokes any number of grants in one statement. */
export async function revokeGrantRows(
  tx: Tx,
  ids: readonly string[],
  { by, reason, now }: { by: string; reason: string; now: Date },
): Promise<void> {
  await tx
    .updateTable('grants')
    .set({ revoked_at: now, revoked_by: by, revoked_reason: reason })
    .where('id', '=', sql<string>`any(${[...ids]}::text[])`)
    .where('revoked_at', 'is', null)
    .execute()
}

function matching({ userId, clientId, ownerId, before }: GrantFilter) {
  const conditions = [sql`true`]
  if (userId !== undefined) conditions.push(sql`grants.user_id = ${userId}`)
  if (clientId !== undefined) conditions.push(sql`grants.client_id = ${clientId}`)
  if (ownerId !== undefined) conditions.push(sql`grants.owner_id = ${ownerId}`)
  if (before !== undefined) conditions.push(sql`grants.granted_at < ${before}`)
  return sql<boolean>`${sql.join(conditions, sql` and `)}`
}

/** The same as `stateWithClient`, where `named` has joined what it needs. */
function isInState(states: readonly GrantState[], now: Date) {
  const stands = sql`grants.revoked_at is null and (grants.expires_at is null or grants.expires_at > ${now})`
  const conditions = {
    active: sql`${stands} and not ${CLIENT_STOPPED}`,
    stopped: sql`${stands} and ${CLIENT_STOPPED}`,
    expired: sql`grants.revoked_at is null and grants.expires_at <= ${now}`,
    revoked: sql`grants.revoked_at is not null`,
  }
  return sql<boolean>`(${sql.join(
    states.map((state) => conditions[state]),
    sql` or `,
  )})`
}

const CLIENT_STOPPED = sql<boolean>`(clients.revoked_at is not null or clients.suspended_at is not null
  or client_owner.suspended_at is not null)`

function named(db: Db, reach: Reach) {
  const ownerId = ownerOf(reach)
  const query = db
    .selectFrom('grants')
    .innerJoin('clients', 'clients.id', 'grants.client_id')
    .innerJoin('owners', 'owners.id', 'grants.owner_id')
    .leftJoin('owners as client_owner', 'client_owner.id', 'clients.owner_id')
    // An owner's admin learns of users what the owner's list of members has, and no more.
    .leftJoin('users', (join) => join.onRef('users.id', '=', 'grants.user_id').on(sql.lit(ownerId === null)))
    .selectAll('grants')
    .select(CLIENT_STOPPED.as('is_client_stopped'))
    .select([
      'clients.name as client_name',
      'clients.client_uri',
      'owners.name as owner_name',
      'users.name as user_name',
      'users.email as user_email',
    ])
  return ownerId === null ? query : query.where('grants.owner_id', '=', ownerId)
}

type Row = Selectable<Schema['grants']>

function fromRow(row: Row): Grant {
  return {
    id: row.id,
    userId: row.user_id,
    clientId: row.client_id,
    ownerId: row.owner_id,
    scopes: row.scopes,
    implied: row.brought,
    shown: row.shown,
    createdAt: row.granted_at,
    consentedAt: row.consented_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
    revokedReason: row.revoked_reason,
  }
}

function fromNamedRow(
  row: Row & {
    client_name: string
    client_uri: string | null
    owner_name: string | null
    user_name: string | null
    user_email: string | null
    is_client_stopped: boolean
  },
): NamedGrant {
  return {
    ...fromRow(row),
    clientName: row.client_name,
    clientUri: row.client_uri,
    ownerName: row.owner_name,
    userName: row.user_name,
    userEmail: row.user_email,
    isClientStopped: row.is_client_stopped,
  }
}
