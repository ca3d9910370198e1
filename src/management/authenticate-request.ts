import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import {
  clientIp,
  type Exposure,
  FOUND,
  fromNodeRequest,
  type IpRanges,
  parseCredential,
  readCredential,
} from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Arrival, Authenticated, Authenticator, View } from './authenticator.ts'

export interface AuthenticationParts {
  readonly clock: Clock
  readonly authenticators: readonly Authenticator[]
  readonly trustedProxies: IpRanges | null
  /** Origin of our own pages, the only one from which a browser may send a change with a cookie. */
  readonly publicOrigin: string
  /** Called for each credential that was found in a URL. */
  readonly onExposed: (exposure: Exposure) => void
}

export interface ArrivedRequest {
  readonly raw: IncomingMessage
  readonly url: string
  readonly id: string
}

export function arrivalOf({ clock, trustedProxies }: AuthenticationParts, request: ArrivedRequest): Arrival {
  const { peerIp, forwardedFor } = fromNodeRequest(request.raw, request.url)
  return { now: clock.now(), ip: clientIp(peerIp, forwardedFor, trustedProxies), requestId: request.id }
}

/** Authenticates a request by the first of these authenticators that finds its kind of credential in it. */
export async function authenticateRequest(
  { onExposed, publicOrigin }: AuthenticationParts,
  authenticators: readonly Authenticator[],
  view: View,
  { raw, url }: ArrivedRequest,
  arrival: Arrival,
): Promise<Result<Authenticated, Problem>> {
  const { headers, method } = raw
  const presented = readCredential(fromNodeRequest(raw, url))
  if (!presented.ok)
    for (const hash of presented.exposedHashes) onExposed({ hash, at: arrival.now, ip: arrival.ip })
  const hint = !presented.ok && 'found' in presented.fault ? ` ${FOUND[presented.fault.found]}` : ''
  if (!presented.ok && presented.fault.reason !== 'no_credential')
    return no(problem(presented.fault.reason, FAULTS[presented.fault.reason] + hint))

  const token = presented.ok ? presented.text : null
  for (const authenticator of authenticators) {
    const credential = authenticator.read({ token, headers })
    if (credential === null) continue
    if (credential.carrier === 'cookie' && method !== 'GET' && isCrossSite(headers, publicOrigin))
      return no(CROSS_SITE)
    const caller = await credential.authenticate(view, arrival)
    return caller.ok ? yes({ caller: caller.value, credential }) : caller
  }
  const ways = authenticators.map(({ howToPresent }) => howToPresent).join(', or ')
  return no(
    token === null
      ? problem('no_credential', `Present ${ways}.${hint}`)
      : problem('invalid_token', `${whyNoKind(token)} Present ${ways}.`),
  )
}

/** Depends on the text alone, so that real and made-up credentials get the same answer. */
function whyNoKind(token: string): string {
  return parseCredential(token) === null && /(^|_)[a-z]{2}_[a-z]*_?\w{16}/.test(token)
    ? 'This looks like a credential in which a character is missing, added or changed.'
    : 'This kind of credential is not accepted here.'
}

/** CSRF: a cookie says which browser sent a request, and Fetch Metadata or `Origin` say which site made it send it. */
function isCrossSite({ 'sec-fetch-site': site, origin }: IncomingHttpHeaders, ourOrigin: string): boolean {
  return site === undefined ? origin !== ourOrigin : site !== 'same-origin'
}

const CROSS_SITE = problem(
  'cross_site_request',
  'A change with a cookie must be sent by a page of this server. Programs present their credential in a header.',
)

const FAULTS = {
  malformed_header: 'Send one token, as `Authorization: Bearer …`.',
  two_credentials: 'Send one credential, in one header.',
  credential_in_url: 'URLs end up in logs: rotate this credential, and send the new one in a header.',
}
