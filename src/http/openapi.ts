import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

/** Serves OpenAPI 3.1 at `/openapi.json` and its viewer at `/docs`. Register before the routes that it documents. */
export async function serveOpenApi(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Doorward management API',
        version: '1',
        description:
          'Keys, owners, scopes, admin keys, verification and audit. Every refusal is a problem (RFC 9457) with a stable `code`.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: publicUrl }],
      components: {
        securitySchemes: {
          admin_key: { type: 'http', scheme: 'bearer', bearerFormat: 'ak_…', description: 'An admin key' },
          api_key: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'sk_…',
            description: 'The API key that the operation is about',
          },
          staff_session: {
            type: 'apiKey',
            in: 'cookie',
            name: publicUrl.startsWith('https:') ? '__Host-doorward-staff' : 'doorward-staff',
            description: 'The session of a signed-in staff member',
          },
        },
      },
    },
    transformObject: (document) =>
      'openapiObject' in document ? named(document.openapiObject) : document.swaggerObject,
    refResolver: { buildLocalReference: (json, _base, _fragment, at) => String(json.$id ?? `def-${at}`) },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY,
    theme: { title: 'Doorward management API' },
    // BaseLayout lacks the bar in which another document's URL can be entered. Groups are closed at first: with more than
    // 130 operations open at once, Swagger UI shows the first group and no other.
    uiConfig: { deepLinking: true, layout: 'BaseLayout', docExpansion: 'none' },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async (_, reply) =>
    reply.header('cache-control', 'no-cache').send(app.swagger()),
  )
}

/**
 * Moves schemas with a title to `components`, so that generators of clients make one type of each, named by its title.
 * Schemas that spread the properties of such a one are others, without a title.
 */
function named<Document extends { components?: { schemas?: object } }>(document: Document): Document {
  const { components = {} } = document
  const schemas: Record<string, unknown> = { ...components.schemas }
  const walk = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(walk)
    const copy = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, walk(part)]))
    if (typeof copy.title !== 'string' || copy.type !== 'object') return copy
    schemas[copy.title] ??= copy
    return { $ref: `#/components/schemas/${copy.title}` }
  }
  const paths = walk(Reflect.get(document, 'paths'))
  return { ...document, paths, components: { ...components, schemas } }
}

/** CSP of the viewer: its own scripts, and the inline styles and data URLs that it sets; no other origin. */
const CONTENT_SECURITY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': "'self'",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}
