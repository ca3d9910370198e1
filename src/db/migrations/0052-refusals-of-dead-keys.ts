import { type Kysely, sql } from 'kysely'

/** Indexes of the last refusals of keys that have ended. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const dead = sql`
    key_id is not null and outcome in ('revoked', 'rotated', 'expired', 'owner_suspended', 'disabled')`
  await sql`
    create index if not exists last_refusals_dead on last_refusals (at, credential_id, outcome)
    where ${dead}`.execute(db)
  await sql`
    create index if not exists last_refusals_dead_of_owner on last_refusals (owner_id, at, credential_id, outcome)
    where ${dead}`.execute(db)
}
