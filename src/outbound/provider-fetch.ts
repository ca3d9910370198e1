import { type GuardOptions, openGuardedRequest, type RequestFault } from './guarded-request.ts'

/** A request of `openid-client`, in the terms of `fetch`. */
export interface ProviderRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Calls an identity provider that an administrator named. @throws OutboundError where there is no answer */
export type ProviderFetch = (url: string, request: ProviderRequest) => Promise<Response>

/** An identity provider gave no answer that could be read. */
export class OutboundError extends Error {
  readonly fault: RequestFault

  constructor(fault: RequestFault) {
    super(fault)
    this.name = 'OutboundError'
    this.fault = fault
  }
}

/** Key sets with certificate chains take some 20 KB. */
const MAX_BYTES = 256 * 1024
const NULL_BODY: readonly number[] = [204, 205, 304]

/** SSRF-guarded `fetch` for identity providers. Redirects are answers like any other: none is followed. */
export function openProviderFetch(options: GuardOptions = {}): ProviderFetch {
  const send = openGuardedRequest(options)
  return async (url, { method, headers, body }) => {
    const asked = {
      url,
      method: method === 'POST' ? ('POST' as const) : ('GET' as const),
      headers,
      maxBytes: MAX_BYTES,
      ...(body === undefined || body === null ? {} : { body: String(body) }),
    }
    const answer = await send(asked)
    if (!answer.ok) throw new OutboundError(answer.no)
    const { status, body: bytes, headers: got } = answer.value
    if (status < 200 || status > 599) throw new OutboundError('not_reached')
    const type = got['content-type']
    return new Response(NULL_BODY.includes(status) ? null : new Uint8Array(bytes), {
      status,
      headers: type === undefined ? {} : { 'content-type': type },
    })
  }
}
