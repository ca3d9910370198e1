import { UnfitDatabaseError } from './db/session.ts'
import { isDatabaseUnavailable } from './db/unavailable.ts'

/** Invalid input from the operator: a setting, or a file that a setting names. */
export class ConfigurationError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ConfigurationError'
  }
}

export interface StartFailure {
  readonly words: string
  /** 2 for the configuration and the command line, 1 for everything else. */
  readonly exitCode: 1 | 2
}

/**
 * Says why a command failed and what to do. The part that failed is told from the error's type, never from its
 * text.
 */
export function startFailureOf(error: unknown, where: { host: string; port: number } | null): StartFailure {
  if (!(error instanceof Error)) return { words: String(error), exitCode: 1 }
  if (error instanceof ConfigurationError) return { words: wordsOf(error), exitCode: 2 }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code.startsWith('ERR_PARSE_ARGS')) return { words: `${error.message}\nSee --help.`, exitCode: 2 }
  // In a worker of `node:cluster` the failed call is the primary's `bind`.
  const isListening = 'syscall' in error && (error.syscall === 'listen' || error.syscall === 'bind')
  const words = isListening && where !== null ? listenWords(code, where) : databaseWords(error)
  return { words: words ?? wordsOf(error), exitCode: 1 }
}

function listenWords(code: string, { host, port }: { host: string; port: number }): string | null {
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use. Stop what listens there, or choose another: PORT=${Math.min(port + 100, 65_535)}`
  if (code === 'EADDRNOTAVAIL') return `HOST: ${host} is not an address of this machine.`
  if (code === 'EACCES') return `PORT: this user may not listen on ${port}. Choose one above 1023.`
  return null
}

/** SQLSTATEs with which Postgres refuses a connection or a role. */
const NOT_LET_IN: ReadonlyMap<string, string> = new Map([
  ['3D000', 'Create the database (createdb), or name another in DATABASE_URL.'],
  ['28000', 'See the user in DATABASE_URL, and pg_hba.conf of the server.'],
  ['28P01', 'See the user and the password in DATABASE_URL.'],
  ['42501', 'The role in DATABASE_URL must own its database, or may create nothing in it.'],
])

function databaseWords(error: Error): string | null {
  const code = sqlstateOf(error)
  const hint = NOT_LET_IN.get(code)
  if (hint !== undefined) return `${wordsOf(error)}\n${hint}`
  if (error instanceof UnfitDatabaseError || error.cause instanceof UnfitDatabaseError) return wordsOf(error)
  return isDatabaseUnavailable(error)
    ? `The database does not answer; see DATABASE_URL.\n  because: ${wordsOf(error)}`
    : null
}

function sqlstateOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return 'code' in error && typeof error.code === 'string' && NOT_LET_IN.has(error.code)
    ? error.code
    : sqlstateOf(error.cause)
}

/** The error's message, followed by those of its causes. */
function wordsOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}\n  because: ${wordsOf(error.cause)}` : error.message
}
