import { type Kysely, sql } from 'kysely'

/** Finds the rotations that may finish by themselves. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index secrets_finishing on secrets (id)
    where finish_when_silent_seconds is not null and retired_at is null and revoked_at is null`.execute(db)
}
