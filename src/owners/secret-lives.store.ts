import { sql } from 'kysely'
import type { Db, Tx } from '../db/schema.ts'

/** The longest that some secrets may live, from when they were made. */
export interface LongestLife {
  readonly of: HoldersOf
  readonly maxLifetimeSeconds: number
  /** No secret ends before this because of it; null: secrets that are too old end at once. */
  readonly notBefore: Date | null
  readonly now: Date
}

/** Keys and clients that are not revoked, by what they hang from. */
export type HoldersOf =
  | { readonly ownerId: string; readonly environment: string | null }
  /** Those for which the environment's longest lifetime holds: of owners without one of their own, and the provider's. */
  | { readonly environment: string; readonly table?: 'keys' | 'clients' }
  | { readonly ids: readonly string[] }

/** Numbers of existing secrets: those that end earlier than before, and those that end at once. */
export interface Reached {
  readonly shortened: number
  readonly ended: number
}

/** Counts what {@link shortenSecrets} would change. */
export async function countOverlong(db: Db, longest: LongestLife): Promise<Reached> {
  const { rows } = await sql<Reached>`
    select
      count(*) filter (where latest > ${longest.now}::timestamptz) as shortened,
      count(*) filter (where latest <= ${longest.now}::timestamptz) as ended
    from (${overlong(longest)}) as secret`.execute(db)
  return rows[0] ?? { shortened: 0, ended: 0 }
}

/**
 * Locks the rows of an owner's keys and clients until the transaction ends. A later rotation locks such a row, then reads
 * the new policy; an earlier one is waited for, and its secret is shortened. The owner's row is locked before, always in
 * this order.
 */
export async function holdHoldersOf(tx: Tx, ownerId: string): Promise<void> {
  for (const table of ['keys', 'clients'] as const)
    await tx
      .selectFrom(table)
      .select('id')
      .where('owner_id', '=', ownerId)
      .where('revoked_at', 'is', null)
      .orderBy('id')
      .forNoKeyUpdate()
      .execute()
}

/** Environments of an owner's keys and clients, also those that are no longer configured. */
export async function environmentsOfOwner(db: Db, ownerId: string): Promise<string[]> {
  const { rows } = await sql<{ environment: string }>`
    select environment from keys where owner_id = ${ownerId} and revoked_at is null
    union
    select environment from clients where owner_id = ${ownerId} and revoked_at is null`.execute(db)
  return rows.map(({ environment }) => environment)
}

/** Locks some keys and clients in the same order, and likewise. */
export async function holdHolders(tx: Tx, ids: readonly string[]): Promise<void> {
  for (const table of ['keys', 'clients'] as const)
    await sql`
      select id from ${sql.table(table)} where id = any(${ids}::text[]) order by id for no key update`.execute(
      tx,
    )
}

/** The next keys and clients for which the environment's longest lifetime holds, by their ids. */
export async function nextHolders(
  db: Db,
  environment: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const next = (table: 'keys' | 'clients') => sql`
    (select holder.id from ${sql.table(table)} as holder
      where ${ofEnvironment(environment)} and holder.id > ${after}
      order by holder.id limit ${limit})`
  const { rows } = await sql<{ id: string }>`
    select id from (${next('keys')} union all ${next('clients')}) as holder
    order by id limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

/**
 * Has none of these live secrets outlive the longest lifetime, counted from when it was made; none lives longer for it.
 * An overlap never outlives the old secret. The expiry of a secret that is being replaced is moved even where its
 * overlap ends before, because the rotation can be undone.
 */
export async function shortenSecrets(
  tx: Tx,
  longest: LongestLife,
): Promise<{ readonly id: string; readonly expiresAt: Date }[]> {
  // In the order in which usage batches lock them.
  const { rows } = await sql<{ id: string; expiresAt: Date }>`
    with overlong as materialized (${overlong(longest)} order by id for update)
    update secrets set
      expires_at = overlong.latest,
      retires_at = case when secrets.retires_at is null then null else least(secrets.retires_at, overlong.latest) end
    from overlong
    where secrets.id = overlong.id
    returning secrets.id, secrets.expires_at as "expiresAt"`.execute(tx)
  return rows
}

/** A query of the secrets that exceed the longest lifetime, each with the end that it would get. */
export function overlong({ of, maxLifetimeSeconds, notBefore, now }: LongestLife) {
  const byAge = sql`created_at + make_interval(secs => ${maxLifetimeSeconds}::double precision)`
  const latest = notBefore === null ? byAge : sql`greatest(${byAge}, ${notBefore}::timestamptz)`
  return sql`
    select id, ${latest} as latest, retires_at, last_used_at
    from secrets
    where ${heldBy(of)}
      and revoked_at is null and retired_at is null
      and (retires_at is null or retires_at > ${now}::timestamptz)
      and (expires_at is null or expires_at > greatest(${now}::timestamptz, ${latest}))`
}

function heldBy(of: HoldersOf) {
  if ('ids' in of) return sql`holder_id = any(${of.ids}::text[])`
  if ('table' in of && of.table !== undefined)
    return sql`holder_id in (
      select id from ${sql.table(of.table)} as holder where ${ofEnvironment(of.environment)}
    )`
  const within = 'ownerId' in of ? ofOwner(of.ownerId, of.environment) : ofEnvironment(of.environment)
  return sql`holder_id in (
    select id from keys as holder where ${within}
    union all
    select id from clients as holder where ${within}
  )`
}

function ofOwner(ownerId: string, environment: string | null) {
  const there = environment === null ? sql`true` : sql`holder.environment = ${environment}`
  return sql`holder.owner_id = ${ownerId} and ${there} and holder.revoked_at is null`
}

function ofEnvironment(environment: string) {
  return sql`
    holder.environment = ${environment} and holder.revoked_at is null
    and not exists (
      select from owners where owners.id = holder.owner_id and owners.max_lifetime_seconds is not null
    )`
}
