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

/** The data directory cannot be made or written to. */
export class UnusableDirectoryError extends Error {
  constructor(directory: string, cause: unknown) {
    super(
      `DATA_DIR: ${directory} cannot be used as a directory. Name one that this user may write to, or one that can be made.`,
      { cause },
    )
    this.name = 'UnusableDirectoryError'
  }
}

/**
 * Holds a directory for this process alone. PGlite takes no lock of its own: two processes would open one directory
 * without a word and ruin it.
 *
 * The lock is SQLite's, on an empty file beside the data: a lock of the operating system, let go when the process
 * ends, however it ends. A file with a process id in it would outlive `kill -9`.
 *
 * @returns lets the directory go
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
