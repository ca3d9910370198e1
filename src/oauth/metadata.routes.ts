import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Db } from '../db/schema.ts'
import { sendProblem } from '../http/answer.ts'
import { problem } from '../http/problem.ts'
import { readCatalogue } from './catalogue.store.ts'
import {
  OPENID_METADATA_PATH,
  RESOURCE_METADATA_PATH,
  resourceMetadataOf,
  SERVER_METADATA_PATH,
  serverMetadata,
} from './metadata.ts'

/** Public, the same for everybody, and kept for a while by whoever asks. */
const HEADERS = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }

/** The documents by which clients find their way (RFC 8414 §3, RFC 9728 §3). All URLs come from the configuration. */
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
  for (const url of new Set([SERVER_METADATA_PATH, SERVER_METADATA_PATH + path, OPENID_METADATA_PATH]))
    app.get(url, { schema }, async (_, reply) =>
      send(reply, serverMetadata(issuer, await readCatalogue(db), extras)),
    )

  app.get<{ Querystring: { resource?: string } }>(
    `${RESOURCE_METADATA_PATH}*`,
    { schema },
    async ({ url, query }, reply) => {
      const known = await readCatalogue(db)
      const asked = new URL(url, 'http://ours').pathname.slice(RESOURCE_METADATA_PATH.length)
      const there = known.apis.filter((api) => pathOf(api) === asked)
      const found = query.resource === undefined ? there : there.filter((api) => api === query.resource)
      const [api] = found
      if (api !== undefined && found.length === 1) return send(reply, resourceMetadataOf(issuer, api, known))
      const several =
        'Several APIs have this path: name one with ?resource=, or serve the document at the API.'
      return sendProblem(reply, problem('not_found', found.length > 1 ? several : 'No API has this path.'))
    },
  )
}

/** What an identifier's metadata URL has behind the well-known path; null where the identifier is no URL of the Web. */
function pathOf(identifier: string): string | null {
  const url = URL.parse(identifier)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  return url.pathname === '/' ? '' : url.pathname
}
