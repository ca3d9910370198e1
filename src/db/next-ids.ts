import { type Kysely, sql } from 'kysely'

const ROWS_AT_ONCE = 1_000

/**
 * Locks the next rows of a backfill, in the order of their ids, as requests do. The statement that fills them comes
 * after it, so that it sees what changed while this one waited.
 */
export async function nextIds(
  db: Kysely<unknown>,
  table: string,
  after: string,
  rowsAtOnce = ROWS_AT_ONCE,
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} where id > ${after} order by id limit ${rowsAtOnce}
    for no key update`.execute(db)
  return rows.map(({ id }) => id)
}
