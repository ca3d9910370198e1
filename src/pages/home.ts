import type { FastifyInstance } from 'fastify'
import { html } from './html.ts'
import { STYLE_PATH, sendPage, sendStyle } from './page.ts'

/** The page at `/`, with links to what this server has. Register after all other pages. */
export function homeRoutes(app: FastifyInstance, publicUrl: string): void {
  const { host, pathname } = new URL(publicUrl)
  const base = pathname.replace(/\/+$/, '')
  const schema = { hide: true }
  const isHere = (url: string) => app.hasRoute({ method: 'GET', url })
  if (!isHere(STYLE_PATH)) app.get(STYLE_PATH, { schema }, async (_, reply) => sendStyle(reply))
  const places = [
    { path: '/docs', words: 'API documentation' },
    { path: '/openapi.json', words: 'API description for programs (OpenAPI)' },
    { path: '/connected-apps', words: 'Your connected apps' },
    { path: '/readyz', words: 'Server status' },
  ].filter(({ path }) => path === '/docs' || isHere(path))
  const page = {
    title: 'Doorward',
    lead: 'This server manages API keys and connected apps. Continue with one of these:',
    body: html`<ul>${places.map(({ path, words }) => html`<li><a href="${base}${path}">${words}</a></li>`)}</ul>`,
  }
  app.get('/', { schema }, async (_, reply) => sendPage(reply, page, base, host))
}
