import { type Kysely, sql } from 'kysely'

/** Sums over all keys of an owner, under `owner:` and its id: a report of a large owner had to add up each key's rows. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['usage_minutes', 'usage_hours', 'usage_days']) {
    await sql`
      insert into ${sql.table(table)} (credential_id, bucket, outcome, scope, count, calls)
      select 'owner:' || keys.owner_id, bucket, outcome, '', sum(calls), sum(calls)
      from ${sql.table(table)} as counted
      join secrets on secrets.id = counted.credential_id
      join keys on keys.id = secrets.holder_id
      where calls > 0
      group by 1, 2, 3`.execute(db)
  }
}
