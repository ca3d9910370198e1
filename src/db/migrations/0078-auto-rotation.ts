import { type Kysely, sql } from 'kysely'

/**
 * Keys that their own programs rotate after some days, and secrets that keys gave themselves. Neither fills a row that is
 * there: no key is asked to, and no running rotation is one that its key may undo.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table keys add column auto_rotate_after_days integer`.execute(db)
  await sql`alter table secrets add column is_self_issued boolean not null default false`.execute(db)
}
