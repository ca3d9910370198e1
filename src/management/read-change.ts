import { canonicalJson } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from './caller.ts'
import type { ChangeLimit } from './change-limit.ts'
import { readIfMatch } from './entity-tag.ts'
import type { NamedRequest } from './idempotency.ts'
import type { Needs } from './operation.ts'

/** A change as it is asked for, besides its parameters and body. */
export interface ChangeRequest {
  readonly needs: Needs
  readonly named: NamedRequest | null
  /** It only reads, perhaps much, and waits with the other reads. */
  readonly isDryRun: boolean
  /** The entity tags of `If-Match`; null where it has none. */
  readonly ifMatch: readonly string[] | null
}

/** The parts of a request that say how a change is asked for. */
interface Arrived {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: unknown
}

type Changing = Needs & { readonly method: string; readonly idempotent?: boolean }

/** Reads a change's headers, and counts it. */
export function readChange(
  changeLimit: ChangeLimit,
  operation: Changing,
  caller: Caller,
  request: Arrived,
): Result<ChangeRequest, Problem> {
  const tooMany = changeLimit.count(caller, operation)
  if (tooMany !== null) return no(tooMany)
  const named = nameOf(operation, request)
  if (!named.ok) return named
  const ifMatch = operation.method === 'PATCH' ? readIfMatch(request.headers['if-match']) : yes(null)
  if (!ifMatch.ok) return ifMatch
  const isDryRun = (request.body as { readonly dry_run?: unknown } | null)?.dry_run === true
  return yes({ needs: operation, named: named.value, isDryRun, ifMatch: ifMatch.value })
}

/** The request's `Idempotency-Key` and content; null where it has none, or the operation accepts none. */
function nameOf(operation: Changing, request: Arrived): Result<NamedRequest | null, Problem> {
  const key = operation.idempotent === true ? request.headers['idempotency-key'] : undefined
  if (typeof key !== 'string') return yes(null)
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    return no(problem('invalid_request', 'An Idempotency-Key is 1 to 255 printable characters.'))
  return yes({ key, content: `${request.method} ${request.url}\n${canonicalJson(request.body)}` })
}
