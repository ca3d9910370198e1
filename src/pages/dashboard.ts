import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { plainBrand } from './brand.ts'
import { html } from './html.ts'
import { STYLE_PATH, sendPage, sendStyle } from './page.ts'

/** The dashboard as `npm run build:web` leaves it: one page, and files whose names change with their content. */
export interface BuiltDashboard {
  readonly page: string
  readonly assets: ReadonlyMap<string, Asset>
}

interface Asset {
  readonly type: string
  /** By content coding; the file itself under `identity`. */
  readonly coded: ReadonlyMap<string, Buffer>
}

/** Below `PUBLIC_URL`. */
const DASHBOARD_PATH = '/dashboard'
const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}
/** Content codings, best first, and how the build names such a file. */
const CODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

/** Reads the built dashboard into memory: some hundred KB. Null: it is not built. */
export function readDashboard(directory: URL): BuiltDashboard | null {
  const page = new URL('index.html', directory)
  if (!existsSync(page)) return null
  const names = readdirSync(new URL('assets/', directory))
  const read = (name: string) => readFileSync(new URL(`assets/${name}`, directory))
  const assets = new Map<string, Asset>()
  for (const name of names) {
    const type = TYPES[name.split('.').at(-1) ?? '']
    if (type === undefined) continue
    const codings = CODINGS.filter(([, ending]) => names.includes(name + ending))
    const coded = new Map(codings.map(([coding, ending]) => [coding as string, read(name + ending)]))
    assets.set(name, { type, coded: coded.set('identity', read(name)) })
  }
  return { page: readFileSync(page, 'utf8'), assets }
}

/** No inline script or style, no other origin; strings cannot become script (Trusted Types). */
const CONTENT_SECURITY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'"
const IMMUTABLE = 'public, max-age=31536000, immutable'

/** Serves the dashboard: every path below it answers the same page, whose script routes it. `/` redirects there. */
export function dashboardRoutes(app: FastifyInstance, publicUrl: string, built: BuiltDashboard | null): void {
  const { host, pathname } = new URL(publicUrl)
  const base = pathname.replace(/\/+$/, '')
  const schema = { hide: true }
  app.get('/', { schema }, async (_, reply) =>
    reply.header('cache-control', 'no-store').redirect(base + DASHBOARD_PATH, 303),
  )
  const show = built === null ? notBuilt(app, base, host) : shown(built.page, base)
  for (const url of [DASHBOARD_PATH, `${DASHBOARD_PATH}/*`])
    app.get(url, { schema }, async (_, reply) => show(reply))
  app.get<{ Params: { name: string } }>(
    `${DASHBOARD_PATH}/assets/:name`,
    { schema },
    async ({ params, headers }, reply) => {
      const asset = built?.assets.get(params.name)
      if (asset === undefined) return reply.callNotFound()
      const [coding, bytes] = codedFor(asset, headers['accept-encoding'] ?? '')
      if (coding !== 'identity') reply.header('content-encoding', coding)
      return reply
        .type(asset.type)
        .headers({ 'cache-control': IMMUTABLE, vary: 'accept-encoding' })
        .send(bytes)
    },
  )
}

/** The built page has relative URLs: a proxy may serve us below a path, which only the configuration knows. */
function shown(page: string, base: string): (reply: FastifyReply) => FastifyReply {
  const text = page
    .replaceAll('"./assets/', `"${base}${DASHBOARD_PATH}/assets/`)
    .replace('name="doorward-base" content=""', `name="doorward-base" content="${base}"`)
  return (reply) =>
    reply
      .type('text/html; charset=utf-8')
      .headers({ 'cache-control': 'no-store', 'content-security-policy': CONTENT_SECURITY })
      .send(text)
}

function notBuilt(app: FastifyInstance, base: string, host: string) {
  const url = STYLE_PATH
  if (!app.hasRoute({ method: 'GET', url }))
    app.get(url, { schema: { hide: true } }, async (_, reply) => sendStyle(reply))
  const page = {
    status: 503,
    title: 'The dashboard is not built',
    lead: 'The API works. The dashboard is missing on this server: build it once, and restart the server.',
    body: html`<p><code>npm run build:web</code></p><p><a href="${base}/docs">API documentation</a></p>`,
  }
  return (reply: FastifyReply) => sendPage(reply, page, base, plainBrand(host))
}

/** The best coding that the browser accepts. A coding that it refuses by `q=0` is rare, and not sent either. */
function codedFor({ coded }: Asset, accepted: string): readonly [string, Buffer] {
  const names = new Set(accepted.split(',').map((each) => each.trim().toLowerCase()))
  for (const [coding, bytes] of coded) if (names.has(coding)) return [coding, bytes]
  return ['identity', coded.get('identity') ?? Buffer.alloc(0)]
}
