import { sql } from 'kysely'
import type { Tx } from './schema.ts'

/**
 * Does some work in a transaction, and undoes it: whatever it wrote and locked, and whatever it would have notified. Its
 * answer is what a real run would give.
 */
export async function rehearse<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await sql`savepoint rehearsal`.execute(tx)
  try {
    return await work()
  } finally {
    await sql`rollback to savepoint rehearsal`.execute(tx)
  }
}
