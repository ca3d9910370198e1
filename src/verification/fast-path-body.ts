import { MAX_COST } from '@doorward/sdk/kernel'
import type { Question } from './verify.wire.ts'
import { MAX_QUESTIONS, QUESTION_LIMITS } from './verify.wire.ts'

/**
 * Parses and validates a request body on the fast path. Null in any doubt: then the slow path validates by its schema.
 * Without escapes a text has neither a NUL nor a lone surrogate, and a length in UTF-16 units is never less than one in
 * characters.
 */
export function plainQuestion(body: string): Question | null {
  const value = parsed(body)
  const length = plainLength(value)
  return length !== null && isWhole(body, length, value) ? (value as Question) : null
}

/** The same for a batch. */
export function plainQuestions(body: string): readonly Question[] | null {
  const value = parsed(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const [name, ...more] = Object.keys(value)
  if (name !== 'verify' || more.length > 0) return null
  const { verify } = value as { verify: unknown }
  if (!Array.isArray(verify) || verify.length === 0 || verify.length > MAX_QUESTIONS) return null
  let length = '{"verify":[]}'.length - 1
  for (const question of verify) {
    const inside = plainLength(question)
    if (inside === null) return null
    length += inside + 1
  }
  return isWhole(body, length, { verify }) ? verify : null
}

/**
 * True without duplicate member names, of which `JSON.parse` keeps the last. Without whitespace, the body is as long as
 * the value serialized again; otherwise their quotes are counted.
 */
function isWhole(body: string, length: number, value: unknown): boolean {
  return body.length === length || quotesIn(body) === quotesIn(JSON.stringify(value))
}

function quotesIn(text: string): number {
  return text.split('"').length
}

function parsed(body: string): unknown {
  // U+FFFD is either in the body or stands for malformed UTF-8: the slow path sees the bytes.
  if (body.includes('\\') || body.includes('\ufffd')) return null
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

/** A plain request's length as JSON without whitespace (NaN where it has a long number); null where it is not plain. */
function plainLength(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  let credentials = 0
  let length = 1
  // A parsed JSON object inherits nothing enumerable, and `for … in` is much the fastest.
  for (const name in value) {
    const part = (value as Record<string, unknown>)[name]
    // Two quotes, a colon, and a comma or the closing brace.
    length += name.length + 4
    if (typeof part === 'string') length += part.length + 2
    switch (name) {
      case 'credential':
        credentials += 1
        if (!isShort(part, QUESTION_LIMITS.credential)) return null
        break
      case 'credential_sha256':
        credentials += 1
        if (typeof part !== 'string' || !/^[0-9a-f]{64}$/.test(part)) return null
        break
      case 'scopes':
        if (!Array.isArray(part) || part.length > QUESTION_LIMITS.scopes) return null
        for (const scope of part) {
          if (!isShort(scope, QUESTION_LIMITS.scope)) return null
          length += scope.length + 3
        }
        length += part.length === 0 ? 2 : 1
        break
      case 'environment':
      case 'resource':
      case 'client_ip':
      case 'user_agent':
        if (!isShort(part, QUESTION_LIMITS[name])) return null
        break
      case 'cost':
        if (
          !Number.isInteger(part) ||
          Object.is(part, -0) ||
          (part as number) < 0 ||
          (part as number) > MAX_COST
        )
          return null
        // A digit has one JSON form, a longer number has many.
        length += (part as number) < 10 ? 1 : Number.NaN
        break
      case 'dry_run':
        if (typeof part !== 'boolean') return null
        length += part ? 4 : 5
        break
      default:
        return null
    }
  }
  return credentials === 1 ? length : null
}

function isShort(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest
}
