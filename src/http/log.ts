import { withoutSecretShapes } from '@doorward/sdk/kernel'
import { type Logger, pino } from 'pino'

export type { Logger }

/** A path as it may be written down: no query, no credentials in any spelling, at most 200 characters. */
export function scrubPath(url: string): string {
  return withoutSecretShapes(url.split(/[?#]/, 1)[0] ?? '').slice(0, 200)
}

/**
 * JSON lines. No header, body or query is ever handed to it, and each line is scrubbed once more on its way out, so
 * that a credential in an unforeseen place (an id in a path, an error of a library) stays out of the log at any level.
 */
export function openLog(level: string, out: { write(line: string): unknown } = process.stdout): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line) => void out.write(withoutSecretShapes(line)) },
  )
}
