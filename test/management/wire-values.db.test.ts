import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { openTestApp, type TestApp } from '../app.ts'

/** Not a moment, or one that cannot be stored: refused wherever a moment is accepted. */
const UNREADABLE = [
  '2030-06-30T23:59:60Z',
  '2030-06-30T23:60:00Z',
  '2030-02-30T00:00:00Z',
  '9999-12-31T23:59:59-01:00',
  '+010000-01-01T00:00:00Z',
  '2040-01-01',
  '2040-01-01T00:00:00 02:00',
]
const READABLE = ['2040-06-01T00:00:00+02', '2040-06-01 00:00:00+0200', '9999-12-31T23:59:59.9999999Z']
/** Moments at the bounds of what is accepted; everything computed from them must work. */
const EXTREME = ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59.999Z']

const IDS = [
  'auth0|5f7c8ec7c33c6c004bbafe82',
  'google-oauth2|108',
  'jane+billing@example.com',
  'https://idp.example/users/1?x=2#me',
  '@user:matrix.example',
  'zn/4kd+==',
  '-_~!$&()*;',
]
const NO_IDS = [
  '',
  ' ',
  'a b',
  'a\nb',
  'a\tb',
  'ä',
  'x'.repeat(129),
  '.',
  '..',
  'a"b',
  'a\\b',
  '<b>',
  'a%41',
  'a,b',
]

describe('values on the wire', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    await app.keyFor('org_1')
  })
  after(() => app.close())

  const key = { owner_id: 'org_1', name: 'a', environment: 'live', scopes: [] }
  /** Every place that accepts a moment, in a body or a query. */
  const places = (
    id: string,
  ): readonly (readonly [method: string, path: (at: string) => string, body?: (at: string) => object])[] => {
    const filters = [
      '/v1/keys?unused_since=',
      '/v1/keys?expiring_before=',
      '/v1/audit-events?since=',
      '/v1/audit-events?until=',
      '/v1/usage?since=',
      '/v1/usage?until=',
      '/v1/usage?grain=day&until=',
      `/v1/keys/${id}/usage?until=`,
    ]
    return [
      ['POST', () => '/v1/keys', (at) => ({ ...key, expires_at: at })],
      ['PATCH', () => `/v1/keys/${id}`, (at) => ({ expires_at: at })],
      ['POST', () => `/v1/keys/${id}/rotate`, (at) => ({ expires_at: at })],
      ['POST', () => '/v1/admin-keys', (at) => ({ name: 'a', permissions: ['verify'], expires_at: at })],
      ['POST', () => '/v1/grant-revocations', (at) => ({ granted_before: at, reason: 'a', dry_run: true })],
      [
        'POST',
        () => '/v1/usage-batches',
        (at) => ({ id: 'batch_123', items: [], exposed: [{ hash: 'a'.repeat(64), at, ip: null }] }),
      ],
      ...filters.map((path) => ['GET', (at: string) => path + encodeURIComponent(at)] as const),
    ]
  }

  it('MGT-31: refuses an invalid moment with a 400 that names its place, wherever it is sent', async () => {
    const { id } = await app.keyFor('org_1')
    for (const [method, path, body] of places(id))
      for (const at of UNREADABLE) {
        const { status, body: said, text } = await app.call(method, path(at), body?.(at))
        if (path(at) === '/v1/usage-batches') {
          // The rest of a batch is accepted.
          assert.match(said.not_taken[0].message, /2030-01-31T12:00:00Z/, text)
          continue
        }
        assert.equal(status, 400, `${method} ${path(at)} ${at}: ${text}`)
        assert.match(said.detail, /2030-01-31T12:00:00Z/, text)
        assert.equal(said.faults.length, 1, text)
      }
  })

  it('MGT-31: accepts every other moment, and no value computed from it causes a 500', async () => {
    for (const at of [...READABLE, ...EXTREME]) {
      const { id } = await app.keyFor('org_1')
      for (const [method, path, body] of places(id)) {
        const { status, text } = await app.call(method, path(at), body?.(at))
        assert.ok(status < 500, `${method} ${path(at)} ${at}: ${status} ${text}`)
      }
      const list = await app.call('GET', '/v1/keys?limit=5')
      assert.equal(list.status, 200)
    }
    const made = await app.call('POST', '/v1/keys', { ...key, expires_at: READABLE[0] })
    assert.equal(made.body.expires_at, '2040-05-31T22:00:00.000Z')
  })

  it('MGT-31: rotates a key that expires at the last moment with the same expiry', async () => {
    const { id } = await app.keyFor('org_far', { expires_at: '9999-12-31T23:59:59.9999999Z' })
    app.clock.advance({ days: 1 })
    const rotated = await app.call('POST', `/v1/keys/${id}/rotate`)
    assert.deepEqual([rotated.status, rotated.body.expires_at], [200, '9999-12-31T23:59:59.999Z'])
    const list = await app.call('GET', '/v1/keys?owner_id=org_far')
    assert.equal(list.body.data[0].expires_at, '9999-12-31T23:59:59.999Z')
  })

  it('MGT-31: lists a stored moment past the last one, from before that bound, as the last moment', async () => {
    const { id } = await app.keyFor('org_past')
    await app.db
      .updateTable('secrets')
      .set({ expires_at: new Date(253_402_300_800_000 + 3_600_000) })
      .where('holder_id', '=', id)
      .execute()
      .catch(() => null)
    const list = await app.call('GET', '/v1/keys?owner_id=org_past')
    assert.equal(list.status, 200, list.text)
  })

  it('MGT-31: accepts a cursor whose moment is out of range, without a 500', async () => {
    const cursor = Buffer.from('1 999999999999999 key_x').toString('base64url')
    assert.equal((await app.call('GET', `/v1/grants?cursor=${cursor}`)).status, 200)
    // The list of keys puts its query into its cursors, so it takes no other.
    assert.equal((await app.call('GET', `/v1/keys?cursor=${cursor}`)).body.code, 'invalid_cursor')
  })

  it('MGT-30: metadata is returned exactly as it was sent, or is refused', async () => {
    const names = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('a\nb', 'a\rb', 'a\u2028b', '', '__proto__', 'constructor', 'toJSON', 'length'),
    )
    const metadata = fc.dictionary(names, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
    await fc.assert(
      fc.asyncProperty(metadata, async (asked) => {
        const text = JSON.stringify({ ...key, owner_id: 'org_meta', metadata: asked })
        const headers = { authorization: `Bearer ${app.adminKey}`, 'content-type': 'application/json' }
        const made = await app.app.inject({ method: 'POST', url: '/v1/keys', headers, payload: text })
        if (made.statusCode === 400) return
        assert.equal(made.statusCode, 201, made.body)
        const { id, secret, metadata: created } = made.json()
        const got = await app.call('GET', `/v1/keys/${id}`)
        const [short, long] = [{}, { user_agent: 'a\\b' }].map((more) => ({ credential: secret, ...more }))
        const verified = await app.call('POST', '/v1/verify', short)
        const verifiedAgain = await app.call('POST', '/v1/verify', long)
        const batch = await app.call('POST', '/v1/verify-batches', { verify: [short] })
        const listed = await app.call('GET', '/v1/keys?owner_id=org_meta&limit=1')
        const seen = [
          created,
          got.body.metadata,
          verified.body.principal.metadata,
          verifiedAgain.body.principal.metadata,
          batch.body.data[0].principal.metadata,
          listed.body.data[0].metadata,
        ]
        for (const each of seen) assert.deepEqual(each, JSON.parse(JSON.stringify(asked)))
        await app.call('POST', `/v1/keys/${id}/revoke`, { reason: 'x' })
        app.clock.advance({ seconds: 1 })
      }),
      { numRuns: 25 },
    )
  })

  it('MGT-30: refuses a number that cannot be stored exactly at its place, and keeps a line break in a name', async () => {
    const headers = { authorization: `Bearer ${app.adminKey}`, 'content-type': 'application/json' }
    const send = (metadata: string) =>
      app.app.inject({
        method: 'POST',
        url: '/v1/keys',
        headers,
        payload: `${JSON.stringify(key).slice(0, -1)},"metadata":${metadata}}`,
      })
    for (const number of ['7615917337495251231', '1e400', '-0']) {
      const { statusCode, body } = await send(`{"a":[${number}]}`)
      assert.equal(statusCode, 400)
      assert.match(body, /\/metadata\/a\/0 is a number that cannot be kept exactly; send it as text/)
    }
    assert.match((await send('{"a":1,"a":2}')).body, /\/metadata\/a is there more than once/)
    assert.match((await send('{"__proto__":1}')).body, /"__proto__"|\/__proto__ is a reserved name/)
    assert.deepEqual((await send('{"a\\nb":12345678.5}')).json().metadata, { 'a\nb': 12345678.5 })
  })

  it('MGT-30: the fast path of a verification refuses what the usual path refuses', async () => {
    const { secret } = await app.keyFor('org_1')
    const headers = { authorization: `Bearer ${app.adminKey}`, 'content-type': 'application/json' }
    for (const [body, status] of [
      [`{"credential":"${secret}"}`, 200],
      [`{ "credential": "${secret}" , "scopes": [] }`, 200],
      [`{"credential":"${secret}","cost":1,"cost":2}`, 400],
      [`{"credential":"x","credential":"${secret}"}`, 400],
      [
        Buffer.from([...Buffer.from(`{"credential":"${secret}","user_agent":"`), 0xff, ...Buffer.from('"}')]),
        400,
      ],
    ] as const) {
      const { statusCode, body: said } = await app.app.inject({
        method: 'POST',
        url: '/v1/verify',
        headers,
        payload: body,
      })
      assert.equal(statusCode, status, `${body}: ${said}`)
    }
  })

  it('accepts an empty body with a JSON content type where no field is required', async () => {
    const { id } = await app.keyFor('org_1')
    const headers = { authorization: `Bearer ${app.adminKey}`, 'content-type': 'application/json' }
    for (const verb of ['disable', 'enable', 'rotate', 'rotation/undo', 'rotate', 'rotation/finish']) {
      const { statusCode, body } = await app.app.inject({
        method: 'POST',
        url: `/v1/keys/${id}/${verb}`,
        headers,
      })
      assert.equal(statusCode, 200, `${verb}: ${body}`)
    }
    const { statusCode } = await app.app.inject({ method: 'POST', url: '/v1/keys', headers })
    assert.equal(statusCode, 400)
  })

  it('refuses a body in another encoding unread, with a 415 that names the accepted one', async () => {
    const send = (encoding: string, payload: string | Buffer, url = '/v1/keys', type = 'application/json') =>
      app.app.inject({
        method: 'POST',
        url,
        headers: {
          authorization: `Bearer ${app.adminKey}`,
          'content-type': type,
          'content-encoding': encoding,
        },
        payload,
      })
    const text = JSON.stringify(key)
    for (const [encoding, payload] of [
      ['gzip', gzipSync(text)],
      ['gzip', text],
      ['br', text],
      ['identity, gzip', text],
    ] as const) {
      const { statusCode, headers, body } = await send(encoding, payload)
      assert.deepEqual([statusCode, headers['accept-encoding']], [415, 'identity'], body)
      assert.match(body, /Content-Encoding/)
    }
    assert.equal((await send('identity', text)).statusCode, 201)
    assert.equal((await send('gzip', '{"credential":"a"}', '/v1/verify')).statusCode, 415)
    const stranger = await app.app.inject({
      method: 'POST',
      url: '/v1/keys',
      headers: { 'content-encoding': 'gzip' },
    })
    assert.equal(stranger.statusCode, 401)
    const token = await send('gzip', 'a=b', '/oauth/token', 'application/x-www-form-urlencoded')
    assert.ok([404, 415].includes(token.statusCode), token.body)
  })

  it('accepts the id that an identity provider gave an owner, in every place', async () => {
    for (const [at, id] of IDS.entries()) {
      const { id: keyId, secret } = await app.keyFor(id)
      const { body } = await app.call('POST', '/v1/verify', { credential: secret })
      assert.equal(body.principal.owner_id, id)
      const inUrl = encodeURIComponent(id)
      assert.equal((await app.call('GET', `/v1/owners/${inUrl}`)).body.id, id)
      assert.equal((await app.call('PATCH', `/v1/owners/${inUrl}`, { name: `n${at}` })).status, 200)
      assert.equal((await app.call('PUT', `/v1/owners/${inUrl}/members/usr_x`)).status, 404)
      assert.equal((await app.call('GET', `/v1/keys?owner_id=${inUrl}`)).body.data[0].id, keyId)
      assert.equal((await app.call('GET', `/v1/usage?owner_id=${inUrl}`)).status, 200)
      const events = await app.call('GET', `/v1/audit-events?owner_id=${inUrl}&target_id=${keyId}`)
      assert.equal(events.body.data[0].owner_id, id)
      const bound = await app.call('GET', '/v1/keys', undefined, {
        as: await app.adminKeyWith(['keys:read'], id),
      })
      assert.equal(bound.body.data.length, 1)
    }
    const pages: string[] = []
    for (let cursor = ''; ; ) {
      const { body } = await app.call('GET', `/v1/owners?limit=1${cursor}`)
      pages.push(...body.data.map((owner: { id: string }) => owner.id))
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    for (const id of IDS) assert.ok(pages.includes(id), id)
    for (const owner_id of NO_IDS) {
      const { status, body } = await app.call('POST', '/v1/keys', { ...key, owner_id })
      assert.deepEqual([status, body.code], [400, 'invalid_request'], owner_id)
      assert.ok(!/must match pattern/.test(body.detail), body.detail)
    }
  })
})
