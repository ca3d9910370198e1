import type { FastifyInstance } from 'fastify'
import { html } from './html.ts'
import { STYLE_PATH, sendPage, sendStyle } from './page.ts'

/** A page at `/` that says what this is and what is here. Register after all other pages. */
export function homeRoutes(app: FastifyInstance, publicUrl: string): void {
  const { host, pathname } = new URL(publicUrl)
  const base = pathname.replace(/\/+$/, '')
  const schema = { hide: true }
  const isHere = (url: string) => app.hasRoute({ method: 'GET', url })
  if (!isHere(STYLE_PATH)) app.get(STYLE_PATH, { schema }, async (_, reply) => sendStyle(reply))
  const places = [
    { path: '/docs', words: 'The API and its documentation' },
    { path: '/openapi.json', words: 'The same for programs' },
    { path: '/connected-apps', words: 'The apps that you allowed' },
    { path: '/readyz', words: 'Whether this server is ready' },
  ].filter(({ path }) => path === '/docs' || isHere(path))
  const page = {
    title: 'Doorward',
    lead: 'This server keeps API keys and connected apps. There is nothing to see here without one of these:',
    body: html`<ul>${places.map(({ path, words }) => html`<li><a href="${base}${path}">${words}</a></li>`)}</ul>`,
  }
  app.get('/', { schema }, async (_, reply) => sendPage(reply, page, base, host))
}
