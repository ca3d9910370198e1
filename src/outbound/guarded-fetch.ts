import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { no, type Result, yes } from '../base/result.ts'
import { settleWithin } from '../base/settle-within.ts'
import { parseStrictJson } from '../http/strict-json.ts'
import { isPublicAddress } from './public-address.ts'
import { type HostAddress, resolveHost } from './resolve-host.ts'

/** Why a document could not be had. For the operator's log. */
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

/** A document that somebody else serves. */
export interface Fetched {
  readonly json: unknown
  /** For how long its server says that it may be kept, in seconds; null: it says nothing. */
  readonly maxAgeSeconds: number | null
}

/** Fetches a JSON document from a URL that strangers have named. */
export type FetchDocument = (url: string) => Promise<Result<Fetched, FetchFault>>

export interface GuardedFetchOptions {
  /** Whether an address may be reached. Default: those of the public Internet. */
  readonly mayReach?: (address: string) => boolean
  /** Certificates that are trusted besides the usual ones, in PEM. */
  readonly ca?: string
  /** For everything together, from the name to the last byte. */
  readonly timeoutMs?: number
  /** DNS servers, as `address:port`. Default: those of the machine. */
  readonly dnsServers?: readonly string[]
}

const MAX_BYTES = 10 * 1024
const MAX_HEADER_BYTES = 16 * 1024
export const FETCH_TIMEOUT_MS = 5_000

/**
 * The one way out. Only https; the name is resolved once, every address that it has must be public, and the connection
 * goes to one of those and nowhere else, whatever the name means a moment later. No redirect is followed, no credential
 * and no cookie is sent, and no more is read than a document of this kind can have.
 *
 * Settles within `timeoutMs` whatever the server does: the time runs for the operation as a whole, beside it.
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

/** Answers with the addresses that were checked, whatever is asked for. */
function pinnedTo(addresses: readonly HostAddress[]): LookupFunction {
  return (_name, options, found) => {
    const [first = { address: '', family: 4 }] = addresses
    if (options.all === true) found(null, [...addresses])
    else found(null, first.address, first.family)
  }
}

/** Resolves by each way in which Node says that a request is over. */
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
    // A 101 for which nobody listens is destroyed with neither an error nor a response. Where there is a response, it may
    // still have to end: a body that ends with its connection does so after this.
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
