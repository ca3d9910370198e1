import type { Result } from '../base/result.ts'
import type { Db, Tx } from './schema.ts'

/**
 * Runs one unit of work in one transaction. A refusal rolls back as an exception does, so that a refused request leaves
 * no rows, and is then returned as a value.
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

/** True for an error that ended a transaction before its commit: certainly nothing was changed. */
export function isUndone(error: Error): boolean {
  return undone.has(error)
}
