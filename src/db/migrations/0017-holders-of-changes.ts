import { type Kysely, sql } from 'kysely'

/** Owners and clients of a change that affects all of their credentials: no list of hashes is needed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table changes
      add column owner_ids text[],
      add column client_ids text[],
      add check ((owner_ids is null) = (client_ids is null)),
      add check (hashes is null or owner_ids is null)`.execute(db)
}
