import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { type LongestLife, overlong, type Reached } from './secret-lives.store.ts'

/** Secrets that a preview counts. Beyond, it says that there are more. */
const MOST_COUNTED = 100_000
/** Secrets that a preview names. */
const NAMED = 20

/** A secret that would end earlier, with its holder. */
export interface ShortenedSecret {
  readonly kind: 'key' | 'client'
  readonly id: string
  readonly name: string
  readonly ownerId: string | null
  readonly hint: string
  readonly expiresAt: Date | null
  readonly endsAt: Date
  readonly lastUsedAt: Date | null
}

/** Existing secrets that a longest lifetime would shorten. */
export interface Foreseen extends Reached {
  /** False: there are more than were counted. */
  readonly isCountedFully: boolean
  /** Those that end first; of these, those used last. */
  readonly first: readonly ShortenedSecret[]
}

/** Counts and names what a longest lifetime would shorten, in one walk over the secrets. */
export async function foreseeShortening(
  db: Db,
  longest: LongestLife & { readonly of: { readonly environment: string } },
): Promise<Foreseen> {
  // One for each table: of both together Postgres expects so few that it would look up each secret by itself.
  const of = (table: 'keys' | 'clients') => overlong({ ...longest, of: { ...longest.of, table } })
  const { rows } = await sql<Reached & { counted: number } & (ShortenedSecret | { id: null })>`
    with overlong as materialized (
      (${of('keys')}) union all (${of('clients')}) limit ${MOST_COUNTED + 1}
    ),
    total as (
      select
        count(*) as counted,
        count(*) filter (where latest > ${longest.now}::timestamptz) as shortened,
        count(*) filter (where latest <= ${longest.now}::timestamptz) as ended
      from overlong
    ),
    first as (
      select * from overlong
      where retires_at is null
      order by latest, last_used_at desc nulls last, id
      limit ${NAMED}
    )
    select
      total.*,
      case when keys.id is null then 'client' else 'key' end as kind,
      secrets.holder_id as id,
      coalesce(keys.name, clients.name) as name,
      coalesce(keys.owner_id, clients.owner_id) as "ownerId",
      secrets.hint, secrets.expires_at as "expiresAt", first.latest as "endsAt", first.last_used_at as "lastUsedAt"
    from total
    left join first on true
    left join secrets on secrets.id = first.id
    left join keys on keys.id = secrets.holder_id
    left join clients on clients.id = secrets.holder_id
    order by first.latest, first.last_used_at desc nulls last, first.id`.execute(db)
  const { shortened = 0, ended = 0, counted = 0 } = rows[0] ?? {}
  const first = rows.flatMap((row) => (row.id === null ? [] : [row]))
  return { shortened, ended, isCountedFully: counted <= MOST_COUNTED, first }
}
