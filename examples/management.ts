import type { Secret } from '@doorward/sdk/kernel'

/** A refusal by the management API. */
export class ProblemError extends Error {
  readonly status: number

  constructor(what: string, status: number, problem: { code?: string; detail?: string }) {
    super(`${what} answers ${status} ${problem.code ?? ''}: ${problem.detail ?? 'no details'}`)
    this.name = 'ProblemError'
    this.status = status
  }
}

export type Ask = <T>(method: string, path: string, body?: unknown) => Promise<T>

/** Calls Doorward's management API as any customer does: HTTP, JSON and an admin key. */
export function managementApi(url: string, adminKey: Secret): Ask {
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${adminKey.reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    })
    const text = await response.text()
    const answer = text === '' ? null : JSON.parse(text)
    if (!response.ok) throw new ProblemError(`${method} ${path}`, response.status, answer)
    return answer
  }
}
