import { problemWords } from '../words/problems.ts'

/** A refusal of the API (RFC 9457), or no answer at all (`status` 0). */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly requestId: string | null
  readonly faults: readonly { readonly at: string; readonly message: string }[]
  readonly retryAfterSeconds: number | null

  constructor(status: number, body: Readonly<Record<string, unknown>>, retryAfter: string | null = null) {
    super(typeof body.detail === 'string' ? body.detail : '')
    this.status = status
    this.code = typeof body.code === 'string' ? body.code : 'unreadable'
    this.requestId = typeof body.request_id === 'string' ? body.request_id : null
    this.faults = Array.isArray(body.faults) ? (body.faults as ApiProblem['faults']) : []
    this.retryAfterSeconds = retryAfter === null ? null : Number(retryAfter) || null
  }
}

/** Words for any error that a screen meets: the event, and the remedy. */
export interface ProblemWords {
  readonly title: string
  readonly detail: string
  readonly requestId: string | null
}

export function wordsOf(error: unknown): ProblemWords {
  if (!(error instanceof ApiProblem)) return { ...problemWords.bug, requestId: null }
  const { code, status, message, requestId } = error
  const own = problemWords.byCode[code]
  if (own !== undefined) return { title: own.title, detail: own.detail ?? message, requestId }
  return { title: status >= 500 ? problemWords.ours : problemWords.refused, detail: message, requestId }
}

/** The fault of one field of a form, by its JSON pointer: `/name`. */
export function faultAt(error: unknown, at: string): string | null {
  if (!(error instanceof ApiProblem)) return null
  return error.faults.find((fault) => fault.at === at || fault.at.startsWith(`${at}/`))?.message ?? null
}
