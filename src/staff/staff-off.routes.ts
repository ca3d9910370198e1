import type { FastifyInstance } from 'fastify'
import { plainBrand } from '../pages/brand.ts'
import { html } from '../pages/html.ts'
import { failurePage, sendPage } from '../pages/page.ts'

/** Says what is missing where staff cannot sign in. */
export function staffOffRoutes(app: FastifyInstance, publicUrl: string): void {
  const { host, pathname } = new URL(publicUrl)
  const base = pathname.replace(/\/+$/, '')
  app.get('/staff/*', { schema: { hide: true }, exposeHeadRoute: false }, async (request, reply) => {
    const failure = {
      status: 503,
      title: 'Nobody can sign in yet',
      message: 'DOORWARD_SECRET is not set.',
      forDevelopers: html`Make one with <code>openssl rand -base64 32</code>, and start the server with it as
        <code>DOORWARD_SECRET</code>.`,
    }
    return sendPage(reply, failurePage(failure, request.id, html``), base, plainBrand(host))
  })
}
