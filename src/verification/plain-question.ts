import { MAX_COST } from '@doorward/sdk/kernel'
import type { Question } from './verify.wire.ts'
import { MAX_QUESTIONS, QUESTION_LIMITS } from './verify.wire.ts'

/**
 * The question in a body, where it is certainly in order; null where there is any doubt, for the long way to decide by
 * its schema. Without escapes a text holds neither a NUL nor half a surrogate pair, and a length in UTF-16 units is never
 * less than one in characters.
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
 * Nothing was in the body that is not in the value: `JSON.parse` keeps the last of members with one name. Written without
 * blanks, the body is as long as the value; else its quotes are counted.
 */
function isWhole(body: string, length: number, value: unknown): boolean {
  return body.length === length || quotesIn(body) === quotesIn(JSON.stringify(value))
}

function quotesIn(text: string): number {
  return text.split('"').length
}

function parsed(body: string): unknown {
  // U+FFFD is what malformed UTF-8 was made of, or was there: the long way sees the bytes.
  if (body.includes('\\') || body.includes('\ufffd')) return null
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

/** A plain question's length as JSON without blanks (NaN where it holds a long number); null where it is not plain. */
function plainLength(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  let credentials = 0
  let length = 1
  // Nothing is inherited by what was JSON; and to read what `for … in` names is much the fastest.
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
        // There is one way to write a digit, and there are many to write a long number.
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
