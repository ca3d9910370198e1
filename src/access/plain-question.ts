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
  return isPlain(value) ? value : null
}

/** The same for a batch. */
export function plainQuestions(body: string): readonly Question[] | null {
  const value = parsed(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const [name, ...more] = Object.keys(value)
  if (name !== 'verify' || more.length > 0) return null
  const { verify } = value as { verify: unknown }
  if (!Array.isArray(verify) || verify.length === 0 || verify.length > MAX_QUESTIONS) return null
  return verify.every(isPlain) ? verify : null
}

function parsed(body: string): unknown {
  if (body.includes('\\')) return null
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

function isPlain(value: unknown): value is Question {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  let credentials = 0
  // Nothing is inherited by what was JSON; and to read what `for … in` names is much the fastest.
  for (const name in value) {
    const part = (value as Record<string, unknown>)[name]
    switch (name) {
      case 'credential':
        credentials += 1
        if (!isShort(part, QUESTION_LIMITS.credential)) return false
        break
      case 'credential_sha256':
        credentials += 1
        if (typeof part !== 'string' || !/^[0-9a-f]{64}$/.test(part)) return false
        break
      case 'scopes':
        if (!Array.isArray(part) || part.length > QUESTION_LIMITS.scopes) return false
        for (const scope of part) if (!isShort(scope, QUESTION_LIMITS.scope)) return false
        break
      case 'environment':
      case 'resource':
      case 'client_ip':
      case 'user_agent':
        if (!isShort(part, QUESTION_LIMITS[name])) return false
        break
      case 'cost':
        if (!Number.isInteger(part) || (part as number) < 0 || (part as number) > MAX_COST) return false
        break
      case 'dry_run':
        if (typeof part !== 'boolean') return false
        break
      default:
        return false
    }
  }
  return credentials === 1
}

function isShort(value: unknown, longest: number): boolean {
  return typeof value === 'string' && value.length <= longest
}
