/** A response to a stranger: the same bytes for everything that would reveal whether a credential exists. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ProblemBody & { readonly hint?: string }
}

/** Body of a problem (RFC 9457 §3) with a stable `code` beside the standard members. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
}

export function problemBody(status: number, code: string, title: string, detail: string): ProblemBody {
  return { type: `urn:doorward:problem:${code}`, title, status, code, detail }
}

/** A problem as a response that no cache keeps. */
export function problemAnswer(status: number, code: string, title: string, detail: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: problemBody(status, code, title, detail),
  }
}
