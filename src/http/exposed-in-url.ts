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
import { sendProblem } from './answer.ts'
import { problem } from './problem.ts'

export interface ExposureParts {
  readonly trustedProxies: IpRanges | null
  readonly clock: Clock
  readonly onExposed: (exposure: Exposure) => void
}

/**
 * Refuses URLs with a credential in them, and notes it as exposed. Operations under `/v1/` do so by themselves: they
 * audit it, or the URL is a proxy's.
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
  'URLs end up in logs: rotate this credential, and send the new one in a header.',
)
