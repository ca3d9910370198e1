import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { pipelineOf } from '../../test/pipeline.ts'
import { KnownAdminKeys } from '../admin-keys/known-admin-keys.ts'
import { ChangesFeed } from '../changes/changes-feed.ts'
import { openLog } from '../http/log.ts'
import { openServer } from '../http/server.ts'
import { changesRoutes } from './changes.routes.ts'

const MOST = 3

describe(`a server that has room for ${MOST} listeners`, () => {
  let app: TestApp
  let key: string
  /** Position of the last change of the key. */
  let from: number
  let server: FastifyInstance
  let feed: ChangesFeed
  let url: string
  let listening: AbortController
  before(async () => {
    app = await openTestApp()
    key = await app.adminKeyWith(['verify'])
    const head = await app.db.selectFrom('changes_head').select('position').executeTakeFirstOrThrow()
    from = head.position
    // Not in the memory of any feed below, which start later: read from the database.
    await app.adminKeyWith(['verify'])
  })
  after(() => app.close())
  beforeEach(async () => {
    const log = openLog('silent')
    feed = new ChangesFeed(app.database, app.clock, log)
    await feed.start()
    server = await openServer(log)
    changesRoutes(server, pipelineOf(app), {
      verdicts: app.database.verdicts,
      knownAdminKeys: new KnownAdminKeys(app.db, app.clock),
      feed,
      maxListeners: MOST,
    })
    await server.listen({ port: 0, host: '127.0.0.1' })
    url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/v1/changes`
    listening = new AbortController()
  })
  afterEach(async () => {
    listening.abort()
    feed.close()
    await server.close()
  })

  const listen = (as: string, more: { method?: string; after?: number } = {}) =>
    fetch(more.after === undefined ? url : `${url}?after=${more.after}`, {
      method: more.method ?? 'GET',
      headers: { authorization: `Bearer ${as}` },
      signal: listening.signal,
    })

  it('OPS-08: refuses one more, also of concurrent ones, and accepts one after another has left', async () => {
    const answers = await Promise.all(Array.from({ length: MOST * 3 }, () => listen(key, { after: from })))
    const [refused, ...others] = answers.filter(({ status }) => status === 503)
    assert.equal(answers.filter(({ status }) => status === 200).length, MOST)
    assert.ok(refused !== undefined && others.length === MOST * 2 - 1)
    assert.equal(((await refused.json()) as { code: string }).code, 'too_many_listeners')
    assert.equal(refused.headers.get('retry-after'), '5')
    await answers.find(({ status }) => status === 200)?.body?.cancel()
    await eventually(async () => String((await listen(key)).status), '200')
  })

  it('OPS-08: refuses HEAD without using up a slot', async () => {
    for (let n = 0; n < MOST * 2; n += 1) assert.equal((await listen(key, { method: 'HEAD' })).status, 405)
    assert.equal((await listen(key)).status, 200)
    for (const path of ['/v1/keys', '/v1/owners', '/v1/changes'])
      assert.equal((await app.call('HEAD', path)).status, 405, path)
  })

  it('KEY-10: ends a listener’s stream with its admin key, at its expiry or at the end of an overlap', async () => {
    const asked = { name: 'short', permissions: ['verify'] }
    const expiresAt = new Date(app.clock.now().getTime() + 120_000).toISOString()
    const expiring = await app.call('POST', '/v1/admin-keys', { ...asked, expires_at: expiresAt })
    const rotated = await app.call('POST', '/v1/admin-keys', asked)
    await app.call('POST', `/v1/admin-keys/${rotated.body.id}/rotate`, { overlap_seconds: 120 })
    await feed.catchUp()
    const ended: string[] = []
    for (const [name, secret] of Object.entries({
      expiring: expiring.body.secret,
      rotated: rotated.body.secret,
      lasting: key,
    })) {
      const answer = await listen(secret)
      assert.equal(answer.status, 200, name)
      void answer.text().then(
        () => ended.push(name),
        () => {},
      )
    }
    app.clock.advance({ seconds: 119 })
    await feed.catchUp()
    assert.deepEqual(ended, [])
    app.clock.advance({ seconds: 1 })
    await feed.catchUp()
    await eventually(async () => ended.toSorted().join(), 'expiring,rotated')
  })
})
