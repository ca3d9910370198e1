import { UnfitDatabaseError } from './session.ts'

/** Connection errors, by Node's code. */
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE'])

/**
 * SQLSTATE classes and codes of temporary failures: 08 connection, 53 resources (too many connections, disk full),
 * 57P shutting down, 57014 statement cancelled by timeout, 40001 and 40P01 serialization and deadlock,
 * 55P03 lock timeout, 25006 and 25P03 read-only standby and idle transaction ended, 58 system error.
 */
const SQLSTATE = /^(08...|53...|57P..|57014|40001|40P01|55P03|25006|25P03|58...)$/

/** Errors of `pg` without a code. */
const MESSAGE =
  /connection terminated|connection ended|timeout exceeded when trying to connect|query read timeout|pglite is clos|client has encountered a connection error|cannot use a pool after calling end/i

/** True where the database cannot answer now and the request may be valid. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof UnfitDatabaseError) return true
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // A missing socket. For a file, ENOENT says nothing about the database.
  if (code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect') return true
  if (NETWORK.has(code) || SQLSTATE.test(code) || MESSAGE.test(error.message)) return true
  if (error instanceof AggregateError && error.errors.some(isDatabaseUnavailable)) return true
  return isDatabaseUnavailable(error.cause)
}

/** True for a statement timeout or lock timeout of a reachable database. */
export function isTooSlow(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && (error.code === '57014' || error.code === '55P03')) return true
  return isTooSlow(error.cause)
}

/** True for a lock timeout or a deadlock: nothing was changed, and a retry may succeed. */
export function isLockTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && (error.code === '55P03' || error.code === '40P01')) || isLockTimeout(error.cause)
}
