import { clientIp, fromNodeRequest, type IpRanges } from '@doorward/sdk/kernel'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import { FixedWindowLimiter } from '../../base/fixed-window-limiter.ts'
import { networksOf } from '../../base/network.ts'
import type { Db } from '../../db/schema.ts'
import { preflightFor } from '../../http/cross-origin.ts'
import type { Logger } from '../../http/log.ts'
import { problem } from '../../http/problem.ts'
import { sendProblem } from '../../http/send-problem.ts'
import { problemOfThrown } from '../../http/server.ts'
import type { ConfiguredPolicy } from '../../owners/policy.ts'
import type { PrivateSchemes } from '../redirect-uri.ts'
import { registerClient, type SelfRegistered } from './register-client.ts'

export const REGISTER_PATH = '/oauth/register'
/** Registrations in an hour: of one network, and the multiple for a /48 of IPv6, which has many. */
const USUAL_PER_HOUR = 20
const NETWORKS_OF_A_SITE = 5
const HOUR_MS = 3_600_000
const MAX_BYTES = 16 * 1024
const HEADERS = { 'cache-control': 'no-store', pragma: 'no-cache', 'access-control-allow-origin': '*' }

export interface RegisterParts {
  readonly db: Db
  readonly clock: Clock
  readonly log: Logger
  readonly trustedProxies: IpRanges | null
  readonly environment: string
  readonly brand: string | null
  readonly policy: ConfiguredPolicy
  /** Of one network. Default: 20. */
  readonly registrationsPerHour?: number | undefined
  readonly privateSchemes?: PrivateSchemes | undefined
}

/** Dynamic client registration (RFC 7591), where it is switched on. */
export async function registerRoutes(
  server: FastifyInstance,
  { db, clock, log, trustedProxies, registrationsPerHour = USUAL_PER_HOUR, ...minting }: RegisterParts,
): Promise<void> {
  const limiters = [1, NETWORKS_OF_A_SITE].map(
    (times) => new FixedWindowLimiter(clock, { most: registrationsPerHour * times, windowMs: HOUR_MS }),
  )
  await server.register(async (app) => {
    const fail = (reply: FastifyReply, status: number, error: string, description: string) =>
      reply.code(status).headers(HEADERS).send({ error, error_description: description })
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      if (error.statusCode === 413)
        return fail(reply, 413, 'invalid_client_metadata', 'The body is too large.')
      const { code, detail } = problemOfThrown(error, request.id, log)
      if (code === 'unsupported_media_type') return fail(reply, 415, 'invalid_client_metadata', detail)
      if (code === 'database_unavailable')
        return fail(
          reply.header('retry-after', '1'),
          503,
          'temporarily_unavailable',
          'Try again in a moment.',
        )
      return code === 'internal_error'
        ? fail(reply, 500, 'server_error', `It was logged as request ${request.id}.`)
        : fail(reply, 400, 'invalid_client_metadata', detail.replace(/["\\]|[^\x20-\x7e]/g, "'"))
    })
    const schema = { hide: true }
    app.options(REGISTER_PATH, { schema }, async (_, reply) =>
      reply
        .code(204)
        .headers({ ...HEADERS, ...preflightFor('POST') })
        .send(),
    )
    app.post(REGISTER_PATH, { schema, bodyLimit: MAX_BYTES }, async (request, reply) => {
      const { peerIp, forwardedFor } = fromNodeRequest(request.raw, request.url)
      const ip = clientIp(peerIp, forwardedFor, trustedProxies)
      const networks = networksOf(ip)
      const waits = networks.map((network, n) => limiters[n]?.count(network) ?? 0)
      const seconds = Math.max(...waits)
      if (seconds > 0)
        return fail(
          reply.header('retry-after', String(seconds)),
          429,
          'temporarily_unavailable',
          'Too many clients were registered from this network.',
        )
      const now = clock.now()
      const made = await registerClient(db, now, minting, request.body)
      if (made.ok) {
        log.info({ client_id: made.value.id, ip, request_id: request.id }, 'client registered itself')
        return reply.code(201).headers(HEADERS).send(toWire(made.value, now))
      }
      // Assistants try several forms until one is accepted, behind an address that thousands share.
      for (const [n, network] of networks.entries()) limiters[n]?.uncount(network)
      return made.no === 'full'
        ? fail(
            reply,
            503,
            'temporarily_unavailable',
            'The maximum number of clients is reached. Try again later.',
          )
        : fail(reply, 400, made.no.error, made.no.description)
    })
  })
}

/** RFC 7591 §3.2.1: returns what was registered, not what was requested. `client_secret_expires_at` 0 means never. */
function toWire(client: SelfRegistered, now: Date) {
  const uris = {
    client_uri: client.clientUri,
    policy_uri: client.policyUri,
    tos_uri: client.tosUri,
    jwks_uri: client.jwksUri,
  }
  return {
    client_id: client.id,
    client_id_issued_at: Math.floor(now.getTime() / 1000),
    ...(client.secret === null
      ? {}
      : {
          client_secret: client.secret.reveal(),
          client_secret_expires_at: Math.floor((client.secretExpiresAt?.getTime() ?? 0) / 1000),
        }),
    client_name: client.name,
    redirect_uris: client.redirectUris,
    grant_types: client.grantTypes,
    response_types: ['code'],
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    scope: client.optionalScopes.join(' '),
    ...(client.jwks === null ? {} : { jwks: client.jwks }),
    ...Object.fromEntries(Object.entries(uris).filter(([, uri]) => uri !== null)),
  }
}

/** Answers while registration is off, with how to switch it on; clients learn from the metadata that there is none. */
export function registrationOffRoute(app: FastifyInstance): void {
  const off = problem(
    'not_found',
    'Clients cannot register themselves here. Set DOORWARD_CLIENT_REGISTRATION=on and start the server again, or register the client with POST /v1/clients.',
  )
  app.all(REGISTER_PATH, { schema: { hide: true } }, async (_, reply) => sendProblem(reply, off))
}
