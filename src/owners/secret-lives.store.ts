import { sql } from 'kysely'
import type { Db, Tx } from '../db/schema.ts'

/** The longest that a secret of an owner's keys and clients may live, from when it was made. */
export interface LongestLife {
  readonly ownerId: string
  readonly maxLifetimeSeconds: number
  readonly now: Date
}

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
export async function holdHolders(tx: Tx, ownerId: string): Promise<void> {
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

/**
 * Has no live secret of an owner outlive the longest lifetime, counted from when it was made; none lives longer for it.
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
      retires_at = case when retires_at is null then null else least(retires_at, overlong.latest) end
    from overlong
    where secrets.id = overlong.id
    returning secrets.id, secrets.expires_at as "expiresAt"`.execute(tx)
  return rows
}

function overlong({ ownerId, maxLifetimeSeconds, now }: LongestLife) {
  const latest = sql`created_at + make_interval(secs => ${maxLifetimeSeconds}::double precision)`
  return sql`
    select id, ${latest} as latest
    from secrets
    where holder_id in (
        select id from keys where owner_id = ${ownerId} and revoked_at is null
        union all
        select id from clients where owner_id = ${ownerId} and revoked_at is null
      )
      and revoked_at is null and retired_at is null
      and (retires_at is null or retires_at > ${now}::timestamptz)
      and (expires_at is null or expires_at > greatest(${now}::timestamptz, ${latest}))`
}
