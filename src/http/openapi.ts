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
    refResolver: { buildLocalReference: (json, _base, _fragment, at) => String(json.$id ?? `def-${at}`) },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY,
    theme: { title: 'Doorward management API' },
    // BaseLayout lacks the bar in which another document's URL can be entered.
    uiConfig: { deepLinking: true, layout: 'BaseLayout', docExpansion: 'list' },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async (_, reply) =>
    reply.header('cache-control', 'no-cache').send(app.swagger()),
  )
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
