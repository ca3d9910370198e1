import type { IncomingMessage } from 'node:http'
import { no, type Result, yes } from '../base/result.ts'
import { parseStrictJson } from '../http/strict-json.ts'
import { type GuardOptions, openGuardedRequest, type RequestFault } from './guarded-request.ts'

/** Reason why a fetch failed, for the operator's log. */
export type FetchFault = RequestFault | 'gone' | 'status' | 'not_json'

/** A document from another server. */
export interface Fetched {
  readonly json: unknown
  /** `max-age` of its `Cache-Control`; null where absent. */
  readonly maxAgeSeconds: number | null
}

/** Fetches a JSON document from a URL that a stranger named. */
export type FetchDocument = (url: string) => Promise<Result<Fetched, FetchFault>>

const MAX_BYTES = 10 * 1024

/** SSRF-guarded fetch of a document: no credential or cookie is sent, and at most 10 KB are read. */
export function openGuardedFetch(options: GuardOptions = {}): FetchDocument {
  const send = openGuardedRequest(options)
  return async (url) => {
    const headers = { accept: 'application/json' }
    const answer = await send<FetchFault>({ url, headers, maxBytes: MAX_BYTES, whyUnfit })
    if (!answer.ok) return answer
    const read = parseStrictJson(answer.value.body)
    if (!read.ok || read.value === undefined) return no('not_json')
    return yes({ json: read.value, maxAgeSeconds: maxAgeOf(answer.value.headers['cache-control']) })
  }
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
