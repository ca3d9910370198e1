import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { dashboardRoutes, readDashboard } from '../../src/pages/dashboard.ts'
import { buildIfChanged } from '../../web/build.ts'

const DIST = new URL('../../web/dist/', import.meta.url)
const MAX_SCRIPT_BYTES = 150_000
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'"

describe('the built dashboard', () => {
  let app: FastifyInstance
  const ask = (url: string, encoding = 'gzip') =>
    app.inject({ url, headers: { 'accept-encoding': encoding } })
  const scriptsOf = (html: string) => [...html.matchAll(/src="([^"]+\.js)"/g)].map(([, src = '']) => src)
  before(async () => {
    await buildIfChanged()
    app = Fastify()
    dashboardRoutes(app, 'https://id.example.com/keys-and-doors', readDashboard(DIST))
  })

  it('WEB-01: has one page for every path below /dashboard, without inline scripts and styles, never cached', async () => {
    for (const url of ['/dashboard', '/dashboard/', '/dashboard/keys/key_1?state=active']) {
      const { statusCode, headers, body } = await ask(url)
      assert.equal(statusCode, 200)
      assert.equal(headers['content-security-policy'], CSP)
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal(headers['content-type'], 'text/html; charset=utf-8')
      assert.doesNotMatch(body, /<script(?![^>]* src=)|<style| on\w+=| style=/)
    }
  })

  it('names its files below the path of PUBLIC_URL, and no other origin', async () => {
    const { body } = await ask('/dashboard')
    const files = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url)
    const own = files.filter((url) => url.startsWith('/keys-and-doors/dashboard/assets/'))
    const rest = files.filter((url) => !own.includes(url))
    assert.ok(own.length >= 2)
    assert.ok(rest.every((url) => url.startsWith('data:image/svg+xml')))
    assert.match(body, /name="doorward-base" content="\/keys-and-doors"/)
    assert.equal((await ask('/')).headers.location, '/keys-and-doors/dashboard')
  })

  it('has files that may be cached for ever, compressed for who accepts it', async () => {
    const [script = ''] = scriptsOf((await ask('/dashboard')).body)
    const path = script.replace('/keys-and-doors', '')
    const sizes = []
    for (const [accepted, coding] of [
      ['gzip, deflate, br, zstd', 'br'],
      ['gzip', 'gzip'],
      ['zstd', undefined],
    ] as const) {
      const { headers, rawPayload } = await ask(path, accepted)
      assert.equal(headers['content-encoding'], coding)
      assert.match(String(headers['cache-control']), /immutable/)
      assert.match(String(headers['content-type']), /^text\/javascript/)
      sizes.push(rawPayload.length)
    }
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => a - b),
    )
    assert.equal((await ask('/dashboard/assets/nothing.js')).statusCode, 404)
    assert.equal((await ask('/dashboard/assets/..%2findex.html')).statusCode, 404)
  })

  for (const screen of ['overview.page', 'keys.page'])
    it(`has a first screen of at most 150 kB of script, compressed with gzip: ${screen}`, async (t) => {
      const open = scriptsOf((await ask('/dashboard')).body).map((src) => src.split('/').at(-1) ?? '')
      const all = [...(readDashboard(DIST)?.assets.keys() ?? [])].filter((name) => name.endsWith('.js'))
      open.push(...all.filter((name) => name.startsWith(`${screen}-`)))
      assert.equal(open.length, 2)
      const loaded = new Set<string>()
      let bytes = 0
      for (let name = open.pop(); name !== undefined; name = open.pop()) {
        if (loaded.has(name)) continue
        loaded.add(name)
        bytes += (await ask(`/dashboard/assets/${name}`)).rawPayload.length
        const source = (await ask(`/dashboard/assets/${name}`, 'identity')).body
        open.push(...all.filter((other) => new RegExp(`(from|import)\\s*["']\\./${other}`).test(source)))
      }
      t.diagnostic(`${loaded.size} scripts, ${bytes} bytes`)
      assert.ok(loaded.size >= 2)
      assert.ok(bytes <= MAX_SCRIPT_BYTES, `${bytes} bytes`)
    })
})
