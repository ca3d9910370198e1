import { withoutSecretShapes } from '@doorward/sdk/kernel'
import { type Logger, pino } from 'pino'

export type { Logger }

/** A path that may be logged: no query, no credentials in any spelling, at most 200 characters. */
export function scrubPath(url: string): string {
  return withoutSecretShapes(url.split(/[?#]/, 1)[0] ?? '').slice(0, 200)
}

const MOST_CAUSES = 4

/**
 * An error that may be logged. Drivers attach a statement's values to their errors, and Postgres repeats them in `detail`
 * and for unreadable values in the message: so only members known to hold no values are taken.
 */
function loggedError(error: unknown, causes = MOST_CAUSES): unknown {
  if (!(error instanceof Error)) return { type: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  // SQLSTATE class 22: a value is invalid, and the message quotes it.
  const isValues = code !== undefined && /^22[0-9A-Z]{3}$/.test(code)
  const without = (text: string | undefined) => (isValues ? text?.replace(/".*"/s, '"…"') : text)
  const { cause } = error
  return {
    type: error.name,
    message: without(error.message),
    ...(code === undefined ? {} : { code }),
    stack: without(error.stack),
    ...(cause === undefined || causes === 0 ? {} : { cause: loggedError(cause, causes - 1) }),
  }
}

/**
 * Throttles a log message to one in `everyMs`.
 *
 * @returns calls `log` with the number of suppressed messages, and does nothing in between
 */
export function throttledLog(everyMs: number, nowMs: () => number = () => performance.now()) {
  let loggedAtMs = Number.NEGATIVE_INFINITY
  let suppressed = 0
  return (log: (suppressed: number) => void): void => {
    if (nowMs() - loggedAtMs < everyMs) {
      suppressed++
      return
    }
    loggedAtMs = nowMs()
    log(suppressed)
    suppressed = 0
  }
}

/**
 * Opens the log, as JSON lines. No header, body or query is passed to it, and each line is scrubbed once more on its way
 * out, so that a credential in an unforeseen place (an id in a path, a library's error) stays out of the log.
 */
export function openLog(level: string, out: { write(line: string): unknown } = process.stdout): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (error) => loggedError(error) },
    },
    { write: (line) => void out.write(withoutSecretShapes(line)) },
  )
}
