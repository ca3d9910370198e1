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

  it('the OpenAPI document names the schemas that are repeated, and refers to them', async () => {
    const { body } = await app.call('GET', '/openapi.json')
    const { schemas } = body.components
    const names = [
      'BulkChange',
      'Client',
      'EnvironmentPolicy',
      'Finding',
      'Key',
      'Owner',
      'Problem',
      'Rotation',
      'Secret',
    ]
    assert.deepEqual(Object.keys(schemas).sort(), names)
    assert.ok(
      schemas.Key.properties.scopes && schemas.Client.properties.client_id && schemas.Owner.properties.id,
    )
    const answerOf = (path: string) =>
      body.paths[path].get.responses['200'].content['application/json'].schema
    for (const [path, name] of [
      ['/v1/keys/{id}', 'Key'],
      ['/v1/clients/{id}', 'Client'],
      ['/v1/owners/{id}', 'Owner'],
    ] as const)
      assert.deepEqual(answerOf(path), { $ref: `#/components/schemas/${name}` }, path)
    assert.deepEqual(answerOf('/v1/keys').properties.data.items, { $ref: '#/components/schemas/Key' })
    const named = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
    for (const [, name = ''] of named) assert.ok(Object.hasOwn(schemas, name), name)
  })

  it('OPS-10: says at the path of registration how to switch it on, while it is off', async () => {
    for (const method of ['POST', 'GET']) {
      const { status, body } = await app.call(method, '/oauth/register')
      assert.deepEqual([status, body.code], [404, 'not_found'])
      assert.match(body.detail, /DOORWARD_CLIENT_REGISTRATION=on/)
    }
  })
})
