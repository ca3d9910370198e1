import {
  clientIp,
  credentialsIn,
  type Exposure,
  fromNodeRequest,
  hashCredential,
  type IpRanges,
} from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../base/clock.ts'
import { problem } from './problem.ts'
import { sendProblem } from './send-problem.ts'

export interface ExposureParts {
  readonly trustedProxies: IpRanges | null
  readonly clock: Clock
  readonly onExposed: (exposure: Exposure) => void
}

/**
 * Refuses URLs that contain a credential (RFC 6750 §2.3 advises against them) and records it as exposed. Operations under
 * `/v1/` do this themselves: they write an audit event, or the URL is a proxy's.
 */
export function refuseCredentialsInUrls(app: FastifyInstance, parts: ExposureParts): void {
  const { trustedProxies, clock, onExposed } = parts
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404 && request.routeOptions.url?.startsWith('/v1/') === true) return
    const found = credentialsIn(request.url)
    if (found.length === 0) return
    const { peerIp, forwardedFor } = fromNodeRequest(request.raw, request.url)
    const ip = clientIp(peerIp, forwardedFor, trustedProxies)
    for (const text of found) onExposed({ hash: hashCredential(text), at: clock.now(), ip })
    return sendProblem(reply, IN_URL)
  })
}

const IN_URL = problem(
  'credential_in_url',
  'URLs end up in logs. Rotate this credential and send the new one in a header.',
)
