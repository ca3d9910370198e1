import { type Kysely, sql } from 'kysely'

/**
 * Hash indexes for verification, which finds a secret by hash and a key by id only. In a large table each index page read
 * is a cache miss: a B-tree has four, a hash index one. The primary keys stay, for uniqueness.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index secrets_by_hash on secrets using hash (hash)`.execute(db)
  await sql`create index keys_by_id on keys using hash (id)`.execute(db)
}
