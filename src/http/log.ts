import { type Logger, pino } from 'pino'

export type { Logger }

/** Anything shaped like a credential, whole or with a wrong checksum: prefix, `_`, 49 of base62. */
const CREDENTIAL = /[a-z][a-z0-9_]*_[0-9A-Za-z]{49}(?![0-9A-Za-z])/g

/** A text without the credentials in it. */
function scrub(text: string): string {
  return text.replace(CREDENTIAL, '[secret]')
}

/** A path as it may be written down: no query, no credentials, at most 200 characters. */
export function scrubPath(url: string): string {
  return scrub(url.split('?', 1)[0] ?? '').slice(0, 200)
}

/**
 * JSON lines. No header, body or query is ever handed to it, and each line is scrubbed once more on its way out, so
 * that a credential in an unforeseen place (an id in a path, an error of a library) stays out of the log at any level.
 */
export function openLog(level: string, out: { write(line: string): unknown } = process.stdout): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line) => void out.write(scrub(line)) },
  )
}
