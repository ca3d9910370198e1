import { type Kysely, sql } from 'kysely'

/** A dozen rows each. */
const CREDENTIALS_AT_ONCE = 100

/** Fills in the key and owner of existing refusals. */
export async function fill(db: Kysely<unknown>, after: string): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    select distinct credential_id as id from last_refusals where credential_id > ${after}
    order by id limit ${CREDENTIALS_AT_ONCE}`.execute(db)
  const ids = rows.map(({ id }) => id)
  await sql`
    with refusals as materialized (
      select credential_id, outcome from last_refusals where credential_id = any(${ids}::text[])
      order by credential_id, outcome for no key update
    )
    update last_refusals set key_id = keys.id, owner_id = keys.owner_id
    from refusals
    join secrets on secrets.id = refusals.credential_id
    join keys on keys.id = secrets.holder_id
    where last_refusals.credential_id = refusals.credential_id and last_refusals.outcome = refusals.outcome
      and last_refusals.key_id is null`.execute(db)
  return ids.at(-1) ?? null
}
