import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { no, type Result, yes } from '../base/result.ts'
import { settleWithin } from '../base/settle-within.ts'
import { isPublicAddress } from './public-address.ts'
import { type HostAddress, resolveHost } from './resolve-host.ts'

/** Reason why a request to another server got no answer, for the operator's log. */
export type RequestFault =
  | 'not_https'
  | 'not_resolved'
  | 'address_not_public'
  | 'not_reached'
  | 'too_slow'
  | 'too_large'

export interface GuardOptions {
  /** Address filter. Default: only addresses of the public Internet. */
  readonly mayReach?: (address: string) => boolean
  /** Additional trusted certificates, in PEM. */
  readonly ca?: string
  /** For the whole operation, from DNS to the last byte. */
  readonly timeoutMs?: number
  /** DNS servers, as `address:port`. Default: the machine's. */
  readonly dnsServers?: readonly string[]
}

/** A request to send. `Unfit`: further reasons why its answer is not read. */
export interface OutboundRequest<Unfit> {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Most that is read of the answer's body. */
  readonly maxBytes: number
  /** Why an answer is not read, by its status and headers. Default: every answer is read. */
  readonly whyUnfit?: (response: IncomingMessage) => Unfit | null
}

export interface OutboundAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type SendGuarded = <Unfit = never>(
  asked: OutboundRequest<Unfit>,
) => Promise<Result<OutboundAnswer, RequestFault | Unfit>>

const MAX_HEADER_BYTES = 16 * 1024
export const FETCH_TIMEOUT_MS = 5_000

/**
 * SSRF-guarded request: the only way in which the server calls another one. Only https. The name is resolved once, all
 * its addresses must be public, and the connection is pinned to these, whatever the name resolves to a moment later (DNS
 * rebinding). No redirect is followed, and the answer's size is bounded.
 *
 * Settles within `timeoutMs` whatever the server does: one timer runs for the whole operation.
 */
export function openGuardedRequest({
  mayReach = isPublicAddress,
  ca,
  timeoutMs = FETCH_TIMEOUT_MS,
  dnsServers,
}: GuardOptions = {}): SendGuarded {
  return async <Unfit>(asked: OutboundRequest<Unfit>) => {
    type Outcome = Result<OutboundAnswer, RequestFault | Unfit>
    const refuse = (fault: RequestFault): Outcome => no(fault)
    const url = URL.parse(asked.url)
    if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
      return refuse('not_https')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    return await settleWithin(timeoutMs, refuse('too_slow'), async (signal) => {
      const addresses = await resolveHost(host, timeoutMs / 2, dnsServers)
      if (addresses.length === 0) return refuse('not_resolved')
      if (!addresses.every(({ address }) => mayReach(address))) return refuse('address_not_public')
      return await send(url, asked, { lookup: pinnedTo(addresses), ca, signal })
    })
  }
}

/** DNS lookup that always returns the checked addresses. */
function pinnedTo(addresses: readonly HostAddress[]): LookupFunction {
  return (_name, options, found) => {
    const [first = { address: '', family: 4 }] = addresses
    if (options.all === true) found(null, [...addresses])
    else found(null, first.address, first.family)
  }
}

interface Connecting {
  readonly lookup: LookupFunction
  readonly ca: string | undefined
  readonly signal: AbortSignal
}

/** Sends the request. Resolves on every event with which Node can end it. */
function send<Unfit>(
  url: URL,
  asked: OutboundRequest<Unfit>,
  { lookup, ca, signal }: Connecting,
): Promise<Result<OutboundAnswer, RequestFault | Unfit>> {
  return new Promise((resolve) => {
    const asking = request(url, {
      method: asked.method ?? 'GET',
      lookup,
      signal,
      agent: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      headers: { ...asked.headers, 'user-agent': 'doorward' },
      ...(ca === undefined ? {} : { ca }),
    })
    const end = (outcome: Result<OutboundAnswer, RequestFault | Unfit>) => {
      resolve(outcome)
      asking.destroy()
    }
    let hasResponse = false
    asking.on('error', () => end(no('not_reached')))
    // Node destroys an unexpected 101 with neither `error` nor `response`. With a response, `end` may still follow: a body
    // that is delimited by its connection ends after `close`.
    asking.on('close', () => {
      if (!hasResponse) end(no('not_reached'))
    })
    asking.on('response', (response) => {
      hasResponse = true
      read(response, asked, end)
    })
    asking.end(asked.body)
  })
}

function read<Unfit>(
  response: IncomingMessage,
  { maxBytes, whyUnfit }: OutboundRequest<Unfit>,
  end: (outcome: Result<OutboundAnswer, RequestFault | Unfit>) => void,
): void {
  for (const over of ['error', 'close']) response.on(over, () => end(no('not_reached')))
  const unfit = whyUnfit?.(response) ?? null
  if (unfit !== null) {
    end(no(unfit))
    return
  }
  const parts: Buffer[] = []
  let bytes = 0
  response.on('data', (part: Buffer) => {
    bytes += part.length
    if (bytes > maxBytes) end(no('too_large'))
    else parts.push(part)
  })
  response.on('end', () =>
    end(yes({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) })),
  )
}
