import { type Kysely, sql } from 'kysely'

/** Whose credentials a change is about, where it is about all of theirs: then no list of hashes is needed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table changes
      add column owner_ids text[],
      add column client_ids text[],
      add check ((owner_ids is null) = (client_ids is null)),
      add check (hashes is null or owner_ids is null)`.execute(db)
}
