import type { Secret } from '../credential/secret.ts'

export interface OwnKeyServer {
  /** The URL of Doorward, `https://doorward.example.com`. */
  readonly url: string
  /** Timeout of one request with its answer, in ms. Default 5000. */
  readonly timeoutMs?: number | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** The server refused; `code` is the problem's. Nothing was changed by the refused request. */
export class RotationRefusedError extends Error {
  readonly code: string
  constructor(code: string, detail: string) {
    super(`Doorward refuses the rotation (${code}): ${detail}`)
    this.name = 'RotationRefusedError'
    this.code = code
  }
}

/** Sends one request of a key about itself. @throws RotationRefusedError */
export type AskAsKey = (
  method: 'GET' | 'POST',
  path: string,
  as: Secret,
  body?: object,
  headers?: Readonly<Record<string, string>>,
) => Promise<Record<string, unknown>>

export function askAsKey({ url, timeoutMs = 5_000, fetch = globalThis.fetch }: OwnKeyServer): AskAsKey {
  const base = url.replace(/\/+$/, '')
  return async (method, path, as, body, headers = {}) => {
    const answer = await fetch(base + path, {
      method,
      headers: {
        authorization: `Bearer ${as.reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A redirect could send the secret to another server.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const found = (await answer.json().catch(() => ({}))) as Record<string, unknown>
    if (answer.ok) return found
    throw new RotationRefusedError(
      String(found.code ?? answer.status),
      String(found.detail ?? `HTTP status ${answer.status}`),
    )
  }
}
