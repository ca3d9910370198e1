import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../app.ts'

const WRONG_METHODS: readonly (readonly [method: string, path: string, allow: string])[] = [
  ['PUT', '/v1/keys', 'GET, POST'],
  ['HEAD', '/v1/keys', 'GET, POST'],
  ['OPTIONS', '/v1/keys', 'GET, POST'],
  ['GET', '/v1/verify', 'POST'],
  ['DELETE', '/v1/keys/key_1', 'GET, PATCH'],
  ['POST', '/livez?a=b', 'GET, HEAD'],
]

const WRONG_PATHS: readonly (readonly [path: string, says: RegExp])[] = [
  ['/keys', /did you mean \/v1\/keys\?/],
  ['/v1/key', /did you mean \/v1\/keys\?/],
  ['/v1/verify-batches/', /did you mean \/v1\/verify-batches\?/],
  ['/keys/key_1/rotate', /did you mean \/v1\/keys\/\{id\}\/rotate\?/],
  ['/nothing/like/it', /There is nothing at this path\. See \/docs/],
  [`/${'x'.repeat(4000)}`, /See \/docs/],
]

describe('a request without a route', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  for (const [method, path, allow] of WRONG_METHODS)
    it(`${method} ${path} gets a 405 that names ${allow}`, async () => {
      const { status, headers, body } = await app.call(method, path)
      assert.deepEqual([status, headers.allow], [405, allow])
      if (method !== 'HEAD') assert.equal(body.code, 'method_not_allowed')
    })

  for (const [path, says] of WRONG_PATHS)
    it(`${path.slice(0, 30)} gets a 404 that says where to go`, async () => {
      const { status, body } = await app.call('GET', path)
      assert.deepEqual([status, body.code], [404, 'not_found'])
      assert.match(body.detail, says)
    })

  it('reports an extra slash before an id as such', async () => {
    const { status, body } = await app.call('GET', '/v1/keys/')
    assert.equal(status, 400)
    assert.match(body.detail, /is empty/)
  })

  it('/ leads to the dashboard, which says how it is built where it is not', async () => {
    const { status, headers } = await app.call('GET', '/', undefined, { as: null })
    assert.deepEqual([status, headers.location], [303, '/dashboard'])
    const page = await app.call('GET', '/dashboard', undefined, { as: null })
    assert.equal(page.status, 503)
    assert.match(page.text, /npm run build:web/)
    for (const [, link = ''] of page.text.matchAll(/href="(\/[^"]*)"/g))
      assert.ok((await app.call('GET', link, undefined, { as: null })).status < 400, link)
  })

  it('MGT-10: a fault names the allowed values, once', async () => {
    const saying = async (method: string, path: string, body?: object) =>
      (await app.call(method, path, body)).body.detail
    assert.match(await saying('GET', '/v1/owners?state=Active'), /must be one of active, [a-z, ]+$/)
    assert.match(
      await saying('GET', '/v1/keys?state=Active'),
      /One or several, with commas: `active`, [a-z`,; ]+$/,
    )
    assert.match(
      await saying('POST', '/v1/scopes', { name: 'read', description: 'a' }),
      /^\/name does not match: `resource:action`.* for example invoices:read$/,
    )
    assert.match(
      await saying('POST', '/v1/verify', { key: 'a' }),
      /has no field "key"; it has credential, credential_sha256, scopes/,
    )
    assert.match(
      await saying('GET', '/v1/keys?expiring_before=2027-01-01T00:00:00+02:00'),
      /such as 2030-01-31T12:00:00Z.*a \+ is written %2B/,
    )
  })
})
