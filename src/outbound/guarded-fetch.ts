import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { no, type Result, yes } from '../base/result.ts'
import { settleWithin } from '../base/settle-within.ts'
import { parseStrictJson } from '../http/strict-json.ts'
import { isPublicAddress } from './public-address.ts'
import { type HostAddress, resolveHost } from './resolve-host.ts'

/** Reason why a fetch failed, for the operator's log. */
export type FetchFault =
  | 'not_https'
  | 'not_resolved'
  | 'address_not_public'
  | 'not_reached'
  | 'too_slow'
  | 'gone'
  | 'status'
  | 'not_json'
  | 'too_large'

/** A document from another server. */
export interface Fetched {
  readonly json: unknown
  /** `max-age` of its `Cache-Control`; null where absent. */
  readonly maxAgeSeconds: number | null
}

/** Fetches a JSON document from a URL that a stranger named. */
export type FetchDocument = (url: string) => Promise<Result<Fetched, FetchFault>>

export interface GuardedFetchOptions {
  /** Address filter. Default: only addresses of the public Internet. */
  readonly mayReach?: (address: string) => boolean
  /** Additional trusted certificates, in PEM. */
  readonly ca?: string
  /** For the whole operation, from DNS to the last byte. */
  readonly timeoutMs?: number
  /** DNS servers, as `address:port`. Default: the machine's. */
  readonly dnsServers?: readonly string[]
}

const MAX_BYTES = 10 * 1024
const MAX_HEADER_BYTES = 16 * 1024
export const FETCH_TIMEOUT_MS = 5_000

/**
 * SSRF-guarded fetch, the only outbound request of the server. Only https. The name is resolved once, all its addresses
 * must be public, and the connection is pinned to these, whatever the name resolves to a moment later (DNS rebinding). No
 * redirect is followed, no credential or cookie is sent, and at most 10 KB are read.
 *
 * Settles within `timeoutMs` whatever the server does: one timer runs for the whole operation.
 */
export function openGuardedFetch({
  mayReach = isPublicAddress,
  ca,
  timeoutMs = FETCH_TIMEOUT_MS,
  dnsServers,
}: GuardedFetchOptions = {}): FetchDocument {
  return async (text) => {
    const url = URL.parse(text)
    if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
      return no('not_https')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    return await settleWithin(timeoutMs, no('too_slow' as FetchFault), async (signal) => {
      const addresses = await resolveHost(host, timeoutMs / 2, dnsServers)
      if (addresses.length === 0) return no('not_resolved')
      if (!addresses.every(({ address }) => mayReach(address))) return no('address_not_public')
      return await get(url, pinnedTo(addresses), ca, signal)
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

/** Sends the request. Resolves on every event with which Node can end it. */
function get(
  url: URL,
  lookup: LookupFunction,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<Result<Fetched, FetchFault>> {
  return new Promise((resolve) => {
    const asking = request(url, {
      lookup,
      signal,
      agent: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      headers: { accept: 'application/json', 'user-agent': 'doorward' },
      ...(ca === undefined ? {} : { ca }),
    })
    const end = (outcome: Result<Fetched, FetchFault>) => {
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
      read(response, end)
    })
    asking.end()
  })
}

function read(response: IncomingMessage, end: (outcome: Result<Fetched, FetchFault>) => void): void {
  for (const over of ['error', 'close']) response.on(over, () => end(no('not_reached')))
  const unfit = whyUnfit(response)
  if (unfit !== null) {
    end(no(unfit))
    return
  }
  const parts: Buffer[] = []
  let bytes = 0
  response.on('data', (part: Buffer) => {
    bytes += part.length
    if (bytes > MAX_BYTES) end(no('too_large'))
    else parts.push(part)
  })
  response.on('end', () => {
    const read = parseStrictJson(Buffer.concat(parts))
    if (!read.ok || read.value === undefined) return end(no('not_json'))
    end(yes({ json: read.value, maxAgeSeconds: maxAgeOf(response.headers['cache-control']) }))
  })
}

function whyUnfit({ statusCode, headers }: IncomingMessage): FetchFault | null {
  if (statusCode === 404 || statusCode === 410) return 'gone'
  if (statusCode !== 200) return 'status'
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(headers['content-type'] ?? '') ? null : 'not_json'
}

function maxAgeOf(header: string | undefined): number | null {
  if (header === undefined) return null
  if (/\bno-(?:store|cache)\b/i.test(header)) return 0
  const [, seconds] = /\bmax-age=(\d{1,9})\b/i.exec(header) ?? []
  return seconds === undefined ? null : Number(seconds)
}
