import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Secret } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { pipelineOf } from '../../test/pipeline.ts'
import { no, yes } from '../base/result.ts'
import { openLog } from '../http/log.ts'
import { problem } from '../http/problem.ts'
import { openServer } from '../http/server.ts'
import type { Authenticator } from './authenticator.ts'
import { changes, reads } from './pipeline.ts'

const READ = {
  id: 'readThing',
  method: 'GET',
  url: '/v1/things',
  permission: 'keys:read',
  tag: 'Things',
  summary: 'Read a thing',
  status: 200,
  answer: Type.Object({ actor: Type.String() }),
} as const
const CHANGE = { ...READ, id: 'changeThing', method: 'POST', permission: 'keys:write' } as const
const OTHER = { ...CHANGE, id: 'changeOther', url: '/v1/others', permission: 'owners:write' } as const

describe('a second kind of credential, which a browser sends as a cookie', () => {
  let app: TestApp
  let server: FastifyInstance
  const views: string[] = []
  const made: number[] = []
  let ended: 'never' | 'at commit' = 'never'

  const byCookie: Authenticator = {
    scheme: 'session',
    howToPresent: 'the cookie of a session',
    gives: new Set(['keys:read', 'keys:write']),
    read: ({ headers: { cookie } }) =>
      cookie === undefined
        ? null
        : {
            secret: new Secret(cookie),
            carrier: 'cookie',
            authenticate: async (view, arrival) => {
              views.push(view.of)
              return view.of === 'commit' && ended === 'at commit'
                ? no(problem('invalid_token', 'It has ended.'))
                : yes({
                    ...arrival,
                    actor: { kind: 'user', id: 'usr_1' },
                    permissions: new Set(['keys:read', 'keys:write']),
                    reach: 'every_owner',
                    latestExpiry: null,
                    seesMetadata: true,
                    proof: null,
                  })
            },
          },
  }

  before(async () => {
    app = await openTestApp()
    server = await openServer(openLog('silent'))
    const pipeline = pipelineOf(app, byCookie)
    reads(server, pipeline, READ, async ({ caller }) => yes({ actor: caller.actor.id }))
    for (const operation of [CHANGE, OTHER])
      changes(server, pipeline, operation, async ({ db, caller }) => {
        await db
          .insertInto('owners')
          .values({ id: `org_${made.push(0)}`, created_at: caller.now })
          .execute()
        return yes({ actor: caller.actor.id })
      })
  })
  after(async () => {
    await server.close()
    await app.close()
  })

  const ask = (method: string, url: string, headers: Record<string, string>, as: string | null = null) =>
    app.call(method, url, undefined, { node: server, as, headers: { cookie: 'session=1', ...headers } })
  const owners = async () => (await app.db.selectFrom('owners').select('id').execute()).length

  it('MGT-01: is authenticated at the request, and twice more in the transaction of a change', async () => {
    views.length = 0
    assert.deepEqual((await ask('GET', '/v1/things', {})).body, { actor: 'usr_1' })
    assert.deepEqual(views.splice(0), ['database'])
    const changed = await ask('POST', '/v1/things', { 'sec-fetch-site': 'same-origin' })
    assert.deepEqual([changed.status, changed.body], [200, { actor: 'usr_1' }])
    assert.deepEqual(views.splice(0), ['database', 'database', 'commit'])
  })

  const crossSite: Record<string, Record<string, string>> = {
    'another site': { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    'a neighbour of the same site': { 'sec-fetch-site': 'same-site', origin: 'https://x.doorward.test' },
    'an address bar or a bookmark': { 'sec-fetch-site': 'none' },
    'another origin, by an old browser': { origin: 'https://evil.example' },
    'an opaque origin': { origin: 'null' },
    'a client that sends neither header': {},
  }
  for (const [from, headers] of Object.entries(crossSite))
    it(`MGT-01: cannot change anything in a request from ${from} (CSRF)`, async () => {
      const before = await owners()
      const { status, body } = await ask('POST', '/v1/things', headers)
      assert.deepEqual([status, body.code], [403, 'cross_site_request'])
      assert.equal(await owners(), before)
    })

  it('MGT-01: is accepted from our own origin if a browser sends no Fetch Metadata', async () => {
    assert.equal((await ask('POST', '/v1/things', { origin: 'http://doorward.test' })).status, 200)
  })

  it('MGT-20: undoes a change if the credential has ended by the time it commits', async () => {
    const before = await owners()
    ended = 'at commit'
    const { status } = await ask('POST', '/v1/things', { 'sec-fetch-site': 'same-origin' })
    ended = 'never'
    assert.equal(status, 401)
    assert.equal(await owners(), before)
  })

  it('MGT-03: is not looked for if it can never give the permission', async () => {
    views.length = 0
    const { status, body } = await ask('POST', '/v1/others', { 'sec-fetch-site': 'same-origin' })
    assert.deepEqual([status, body.code, views], [401, 'no_credential', []])
  })

  it('MGT-01: yields to a credential in the header, and does not replace a wrong one', async () => {
    assert.notEqual((await ask('GET', '/v1/things', {}, app.adminKey)).body.actor, 'usr_1')
    assert.equal(
      (await ask('GET', '/v1/things', { authorization: 'Bearer a b' })).body.code,
      'malformed_header',
    )
  })
})
