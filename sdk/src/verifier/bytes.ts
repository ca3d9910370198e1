import type { RecordLimits } from '../verdict/limits.ts'

/**
 * Estimates of the bytes that a value takes in V8, rather too high than too low: the cache is bounded by these sums, so
 * memory that is not counted is not bounded.
 */

/** Beyond Latin-1, each character takes two bytes. */
export function bytesOfText(text: string): number {
  return 32 + text.length * (/^[\0-\xff]*$/.test(text) ? 1 : 2)
}

export function bytesOfScopes(scopes: ReadonlySet<string>): number {
  let bytes = 400
  for (const scope of scopes) bytes += 40 + bytesOfText(scope)
  return bytes
}

export function bytesOfLimits({ key, owner }: RecordLimits): number {
  return 400 + (key.rateLimits.length + owner.rateLimits.length) * 150
}

/** A property that no other object has costs far more than its text: V8 keeps a hidden class and an interned name for it. */
const BYTES_OF_PROPERTY = 150

export function bytesOfJson(value: unknown): number {
  if (typeof value === 'string') return bytesOfText(value)
  if (value === null || typeof value !== 'object') return 16
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + 8 + bytesOfJson(each), 48)
  let bytes = 100
  for (const [name, each] of Object.entries(value))
    bytes += BYTES_OF_PROPERTY + bytesOfText(name) + bytesOfJson(each)
  return bytes
}

/** Longer than any id; one for all copies, because a buffer for each made the collector stop the process for half a second. */
const SCRATCH = Buffer.allocUnsafeSlow(1024)

/** V8 makes no slices shorter than this (`SlicedString::kMinLength`). */
const SHORTEST_SLICE = 13

/**
 * Copies a text: V8 keeps a whole string alive for as long as a slice of it, and an id may be a slice of the answer for a
 * hundred keys.
 */
export function copyOf(text: string): string {
  if (text.length < SHORTEST_SLICE) return text
  const bytes = text.length > SCRATCH.length ? Buffer.allocUnsafeSlow(text.length) : SCRATCH
  const copy = bytes.toString('latin1', 0, bytes.write(text, 'latin1'))
  // Beyond Latin-1 it is another text.
  return copy === text ? copy : text
}
