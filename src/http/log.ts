import { withoutSecretShapes } from '@doorward/sdk/kernel'
import { type Logger, pino } from 'pino'

export type { Logger }

/** A path as it may be written down: no query, no credentials in any spelling, at most 200 characters. */
export function scrubPath(url: string): string {
  return withoutSecretShapes(url.split(/[?#]/, 1)[0] ?? '').slice(0, 200)
}

const MOST_CAUSES = 4

/**
 * An error as it may be written down. Drivers hang the values of a statement on their errors, and Postgres names them in
 * `detail` and, where one cannot be read, in the message: so only what is known to hold none is taken.
 */
function loggedError(error: unknown, causes = MOST_CAUSES): unknown {
  if (!(error instanceof Error)) return { type: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  // SQLSTATE class 22: a value is at fault, and the message has it in quotation marks.
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
 * Says a thing once in so many milliseconds, however often it happens.
 *
 * @returns gives to `say` how often it has happened unsaid since the last time, and says nothing in between
 */
export function seldom(everyMs: number, nowMs: () => number = () => performance.now()) {
  let saidAtMs = Number.NEGATIVE_INFINITY
  let unsaid = 0
  return (say: (unsaid: number) => void): void => {
    if (nowMs() - saidAtMs < everyMs) {
      unsaid++
      return
    }
    saidAtMs = nowMs()
    say(unsaid)
    unsaid = 0
  }
}

/**
 * JSON lines. No header, body or query is ever handed to it, and each line is scrubbed once more on its way out, so
 * that a credential in an unforeseen place (an id in a path, an error of a library) stays out of the log at any level.
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
