import { type Kysely, sql } from 'kysely'

/**
 * Verification finds a secret by its hash and a key by its id, and nothing else of them. In a large table each page that
 * is read on the way waits for memory: a B-tree has four, a hash index one. The primary keys stay, to keep them unique.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index secrets_by_hash on secrets using hash (hash)`.execute(db)
  await sql`create index keys_by_id on keys using hash (id)`.execute(db)
}
