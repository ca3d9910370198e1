import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../app.ts'

describe('headers', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const kinds: readonly (readonly [what: string, method: string, path: string, as?: null])[] = [
    ['a list', 'GET', '/v1/keys'],
    ['a creation', 'POST', '/v1/keys'],
    ['a refusal', 'GET', '/v1/keys', null],
    ['nothing there', 'GET', '/nowhere', null],
    ['the document', 'GET', '/openapi.json', null],
    ['a probe', 'GET', '/livez', null],
  ]
  for (const [what, method, path, as] of kinds)
    it(`WEB-04 WEB-07: ${what} cannot be framed, sniffed, kept in a shared cache or read from another site`, async () => {
      const body =
        method === 'POST' ? { owner_id: 'o', name: 'a', environment: 'live', scopes: [] } : undefined
      const options = { headers: { origin: 'https://evil.example' }, ...(as === null ? { as } : {}) }
      const { headers } = await app.call(method, path, body, options)
      const policy = String(headers['content-security-policy'])
      assert.equal(
        policy,
        "default-src 'none';base-uri 'none';object-src 'none';frame-ancestors 'none';form-action 'none'",
      )
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['x-frame-options'], 'DENY')
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.match(String(headers['strict-transport-security']), /max-age=63072000/)
      assert.match(String(headers['x-request-id']), /^req_/)
      for (const name of ['access-control-allow-origin', 'x-powered-by', 'server', 'set-cookie'])
        assert.equal(headers[name], undefined, name)
      assert.match(String(headers['cache-control']), /no-store|no-cache/)
    })

  it('WEB-06: reading changes nothing, by GET or HEAD', async () => {
    const { id } = await app.keyFor('org_1')
    const before = JSON.stringify(await app.db.selectFrom('keys').selectAll().execute())
    for (const method of ['GET', 'HEAD'])
      for (const verb of ['disable', 'revoke', 'rotate'])
        assert.equal((await app.call(method, `/v1/keys/${id}/${verb}`)).status, 405)
    assert.equal(JSON.stringify(await app.db.selectFrom('keys').selectAll().execute()), before)
  })

  it('META-03: addresses come from the configuration, never from Host', async () => {
    const { body } = await app.call('GET', '/openapi.json', undefined, { headers: { host: 'evil.example' } })
    assert.deepEqual(body.servers, [{ url: 'http://doorward.test' }])
  })
})
