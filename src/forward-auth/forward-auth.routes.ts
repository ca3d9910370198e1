import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { authenticateAdminKey } from '../admin-keys/authenticate-admin-key.ts'
import type { KnownAdminKeys } from '../admin-keys/known-admin-keys.ts'
import { problem } from '../http/problem.ts'
import { sendProblem } from '../http/send-problem.ts'
import { arrivalOf } from '../management/authenticate-request.ts'
import type { Arrival } from '../management/authenticator.ts'
import type { Caller } from '../management/caller.ts'
import type { Pipeline } from '../management/pipeline.ts'
import { whyNotPermitted } from '../management/why-not-permitted.ts'
import { type ForwardAuth, PROXY_KEY_HEADER } from './forward-auth.ts'
import { FORWARD_AUTH_PATH } from './original-request.ts'

/**
 * Registers the endpoint that proxies call before they pass a request on. It is not for clients, so it is not in the
 * OpenAPI document.
 */
export function forwardAuthRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  knownAdminKeys: KnownAdminKeys,
  forwardAuth: ForwardAuth,
): void {
  const url = forwardAuth.rules.proxy === 'envoy' ? `${FORWARD_AUTH_PATH}/*` : FORWARD_AUTH_PATH
  // Answers before a body is read: the client's may be of any kind, and is not needed.
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    const stranger = forwardAuth.trusts(request.raw)
      ? null
      : await notTrusted(pipeline, knownAdminKeys, request)
    if (stranger !== null) {
      await audit(pipeline, stranger, request)
      return sendProblem(reply, NOT_TRUSTED)
    }
    const { status, headers, body } = await forwardAuth.answer(request.raw)
    // The proxy may pass all headers on as its own, and our browser headers are not for its clients.
    for (const name of Object.keys(reply.getHeaders())) if (name !== 'x-request-id') reply.removeHeader(name)
    for (let at = 0; at < headers.length; at += 2) reply.header(headers[at] ?? '', headers[at + 1])
    // As bytes, because Fastify adds a charset to a string.
    return reply.code(status).send(body === '' ? undefined : Buffer.from(body))
  }
  app.all(url, { schema: { hide: true }, onRequest }, () => {
    throw new Error('a question of a proxy was not answered')
  })
}

/** The untrusted caller; null for an active admin key with the permission `verify`. */
async function notTrusted(
  pipeline: Pipeline,
  knownAdminKeys: KnownAdminKeys,
  request: FastifyRequest,
): Promise<Arrival | Caller | null> {
  const arrival = arrivalOf(pipeline, request)
  const text = request.headers[PROXY_KEY_HEADER]
  if (typeof text !== 'string') return arrival
  const who = await authenticateAdminKey(knownAdminKeys, text, { of: 'cache' }, arrival)
  if (who === null) return arrival
  if (whyNotPermitted(who.caller, { permission: 'verify' }) !== null) return who.caller
  knownAdminKeys.uses.note(who.key, 'verify', request.raw)
  return null
}

async function audit(pipeline: Pipeline, who: Arrival | Caller, { method }: FastifyRequest): Promise<void> {
  const origin = 'actor' in who ? who : { ...who, actor: { kind: 'anonymous', id: null } as const }
  const attempt = { code: NOT_TRUSTED.code, method, route: FORWARD_AUTH_PATH, targetId: null, ownerId: null }
  await pipeline.refusedAttempts.record(origin, attempt)
}

/** Not a 5xx: some proxies can be configured to fail open on those. */
const NOT_TRUSTED = problem(
  'proxy_not_trusted',
  'Only a proxy may ask: one whose address is among `proxies` in the file of rules, or who sends a live admin key ' +
    'with the permission `verify` as `Doorward-Verify-Key`.',
)
