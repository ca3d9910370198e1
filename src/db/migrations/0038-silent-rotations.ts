import { type Kysely, sql } from 'kysely'

/** Silence of an old secret after which its rotation finishes by itself. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table secrets add column finish_when_silent_seconds integer`.execute(db)
}
