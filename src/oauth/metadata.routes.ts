import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Db } from '../db/schema.ts'
import { FROM_ANYWHERE, preflightFor } from '../http/cross-origin.ts'
import { problem } from '../http/problem.ts'
import { sendProblem } from '../http/send-problem.ts'
import { readCatalogue } from '../scopes/catalogue.store.ts'
import {
  KEYS_PATH,
  OPENID_METADATA_PATH,
  openidMetadata,
  RESOURCE_METADATA_PATH,
  resourceMetadataOf,
  SERVER_METADATA_PATH,
  serverMetadata,
} from './metadata.ts'
import { declaredResource } from './tokens/match-resource.ts'

/** Public and cacheable. */
const HEADERS = { 'cache-control': 'public, max-age=300', ...FROM_ANYWHERE }

/** Discovery documents (RFC 8414 §3, RFC 9728 §3). All URLs come from the configuration, never from the request. */
export function metadataRoutes(
  app: FastifyInstance,
  db: Db,
  issuer: string,
  extras: Readonly<Record<string, unknown>>,
): void {
  const schema = { hide: true }
  const send = (reply: FastifyReply, document: unknown) =>
    reply.headers(HEADERS).type('application/json; charset=utf-8').serializer(JSON.stringify).send(document)

  // The issuer's own path comes behind the well-known one; a proxy may have taken it off (RFC 8414 §3.1).
  const path = new URL(issuer).pathname.replace(/\/+$/, '')
  for (const url of new Set([SERVER_METADATA_PATH, SERVER_METADATA_PATH + path]))
    app.get(url, { schema }, async (_, reply) =>
      send(reply, serverMetadata(issuer, await readCatalogue(db), extras)),
    )
  for (const url of new Set([OPENID_METADATA_PATH, OPENID_METADATA_PATH + path]))
    app.get(url, { schema }, async (_, reply) =>
      send(reply, openidMetadata(issuer, await readCatalogue(db), extras)),
    )
  app.get(KEYS_PATH, { schema }, async (_, reply) => send(reply, { keys: [] }))
  // Clients probe for documents that do not exist, from pages of other origins. A CORS error would stop them; a 404 does not.
  app.options('/.well-known/*', { schema }, async (_, reply) =>
    reply.code(204).headers(preflightFor('GET')).send(),
  )
  app.get('/.well-known/*', { schema }, async (_, reply) =>
    sendProblem(reply.headers(FROM_ANYWHERE), problem('not_found', 'There is no such document.')),
  )

  app.get<{ Querystring: { resource?: string } }>(
    `${RESOURCE_METADATA_PATH}*`,
    { schema },
    async ({ url, query }, reply) => {
      const known = await readCatalogue(db)
      const asked = new URL(url, 'http://ours').pathname.slice(RESOURCE_METADATA_PATH.length)
      const there = known.apis.filter((api) => pathOf(api) === asked)
      const meant = query.resource === undefined ? undefined : declaredResource(query.resource, there)
      const found = query.resource === undefined ? there : there.filter((api) => api === meant)
      const [api] = found
      if (api !== undefined && found.length === 1) return send(reply, resourceMetadataOf(issuer, api, known))
      const several =
        'Several APIs have this path. Name one with ?resource=, or serve the document at the API.'
      return sendProblem(
        reply.headers(FROM_ANYWHERE),
        problem('not_found', found.length > 1 ? several : 'No API has this path.'),
      )
    },
  )
}

/**
 * The path that a resource's metadata URL has after the well-known one; null where the identifier is not an http URL.
 */
function pathOf(identifier: string): string | null {
  const url = URL.parse(identifier)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  return url.pathname === '/' ? '' : url.pathname
}
