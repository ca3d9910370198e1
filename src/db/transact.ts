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
  let isCommitting = false
  try {
    return await db.transaction().execute(async (tx) => {
      const result = await work(tx)
      isCommitting = result.ok
      if (result.ok) return result
      refused = result
      throw new RolledBack()
    })
  } catch (error) {
    if (error instanceof RolledBack && refused !== undefined) return refused
    if (!isCommitting && error instanceof Error) undone.add(error)
    throw error
  }
}

class RolledBack extends Error {}

const undone = new WeakSet<Error>()

/** Whether an error ended a transaction before its commit, so that certainly nothing of it was done. */
export function isUndone(error: Error): boolean {
  return undone.has(error)
}
