import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Another process has the data directory open. */
export class DirectoryInUseError extends Error {
  constructor(directory: string) {
    super(
      `${directory} is in use by another Doorward process. Stop it first, choose another DATA_DIR, ` +
        'or run several servers on one Postgres (DATABASE_URL).',
    )
    this.name = 'DirectoryInUseError'
  }
}

/** The data directory cannot be created or written to. */
export class UnusableDirectoryError extends Error {
  constructor(directory: string, cause: unknown) {
    super(
      `DATA_DIR: ${directory} is not a usable directory. Choose one that this user may create or write to.`,
      { cause },
    )
    this.name = 'UnusableDirectoryError'
  }
}

/**
 * Locks a directory for this process. PGlite takes no lock: two processes could open one directory unnoticed and corrupt
 * it.
 *
 * The lock is SQLite's, on an empty file beside the data: an operating system lock, released when the process ends,
 * however it ends. A file with a process id would outlive `kill -9`.
 *
 * @returns releases the lock
 * @throws DirectoryInUseError
 */
export function lockDirectory(directory: string): () => void {
  const lock = openLock(directory)
  try {
    lock.exec('pragma locking_mode = exclusive')
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if (error instanceof Error && /locked|busy/i.test(error.message)) throw new DirectoryInUseError(directory)
    throw error
  }
  return () => lock.close()
}

/** @throws UnusableDirectoryError */
function openLock(directory: string): DatabaseSync {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return new DatabaseSync(join(directory, 'doorward.lock'))
  } catch (error) {
    throw new UnusableDirectoryError(directory, error)
  }
}
