import { lookup as resolve } from 'node:dns/promises'
import { request } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { no, type Result, yes } from '../base/result.ts'
import { isPublicAddress } from './public-address.ts'

/** Why a document could not be had. For the operator's log. */
export type OutboundFault =
  | 'not_https'
  | 'not_resolved'
  | 'address_not_public'
  | 'not_reached'
  | 'too_slow'
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
export type FetchDocument = (url: string) => Promise<Result<Fetched, OutboundFault>>

export interface OutboundOptions {
  /** Whether an address may be reached. Default: those of the public Internet. */
  readonly mayReach?: (address: string) => boolean
  /** Certificates that are trusted besides the usual ones, in PEM. */
  readonly ca?: string
  readonly timeoutMs?: number
}

const MAX_BYTES = 10 * 1024
const TIMEOUT_MS = 5_000

/**
 * The one way out. Only https; the name is resolved once, every address that it has must be public, and the connection
 * goes to one of those and nowhere else, whatever the name means a moment later. No redirect is followed, no credential
 * and no cookie is sent, and no more is read than a document of this kind can have.
 */
export function openOutbound({
  mayReach = isPublicAddress,
  ca,
  timeoutMs = TIMEOUT_MS,
}: OutboundOptions = {}): FetchDocument {
  return async (text) => {
    const url = URL.parse(text)
    if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
      return no('not_https')
    const signal = AbortSignal.timeout(timeoutMs)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const addresses = await addressesOf(host, signal)
    const [first] = addresses
    if (first === undefined) return no(signal.aborted ? 'too_slow' : 'not_resolved')
    if (!addresses.every(({ address }) => mayReach(address))) return no('address_not_public')
    const pinned: LookupFunction = (_name, options, found) =>
      options.all === true ? found(null, [first]) : found(null, first.address, first.family)
    return await get(url, pinned, ca, signal)
  }
}

async function addressesOf(
  host: string,
  signal: AbortSignal,
): Promise<{ address: string; family: number }[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  try {
    return await Promise.race([resolve(host, { all: true }), rejectedWhen(signal)])
  } catch {
    return []
  }
}

function get(
  url: URL,
  lookup: LookupFunction,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<Result<Fetched, OutboundFault>> {
  return new Promise((resolve) => {
    const asking = request(url, {
      lookup,
      signal,
      agent: false,
      headers: { accept: 'application/json', 'user-agent': 'doorward' },
      ...(ca === undefined ? {} : { ca }),
    })
    asking.once('error', () => resolve(no(signal.aborted ? 'too_slow' : 'not_reached')))
    asking.once('response', (response) => {
      const refuse = (fault: OutboundFault) => {
        response.destroy()
        resolve(no(fault))
      }
      if (response.statusCode !== 200) return refuse('status')
      if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(response.headers['content-type'] ?? ''))
        return refuse('not_json')
      const parts: Buffer[] = []
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
        parts.push(part)
        if (bytes > MAX_BYTES) refuse('too_large')
      })
      response.once('error', () => resolve(no(signal.aborted ? 'too_slow' : 'not_reached')))
      response.once('end', () => {
        try {
          const json: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'))
          resolve(yes({ json, maxAgeSeconds: maxAgeOf(response.headers['cache-control']) }))
        } catch {
          resolve(no('not_json'))
        }
      })
    })
    asking.end()
  })
}

function maxAgeOf(header: string | undefined): number | null {
  if (header === undefined) return null
  if (/\bno-(?:store|cache)\b/i.test(header)) return 0
  const [, seconds] = /\bmax-age=(\d{1,9})\b/i.exec(header) ?? []
  return seconds === undefined ? null : Number(seconds)
}

function rejectedWhen(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  )
}
