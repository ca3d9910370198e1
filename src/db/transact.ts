import type { Result } from '../base/result.ts'
import type { Db, Tx } from './schema.ts'

/**
 * Runs one unit of work in one transaction. A "no" rolls back like an exception does, so that a refused request
 * leaves nothing behind, and then is returned as the value that it is.
 */
export async function transact<T, No>(
  db: Db,
  work: (tx: Tx) => Promise<Result<T, No>>,
): Promise<Result<T, No>> {
  let refused: Result<T, No> | undefined
  try {
    return await db.transaction().execute(async (tx) => {
      const result = await work(tx)
      if (result.ok) return result
      refused = result
      throw new RolledBack()
    })
  } catch (error) {
    if (error instanceof RolledBack && refused !== undefined) return refused
    throw error
  }
}

class RolledBack extends Error {}
