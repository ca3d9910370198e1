import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { openTestApp, type TestApp } from '../app.ts'
import { ENGINE, type PlacePreparation } from '../database.ts'
import { eventually } from '../eventually.ts'

describe('slow lists', {
  skip: ENGINE !== 'postgres' && 'the embedded database answers one at a time',
}, () => {
  let app: TestApp
  let url = ''
  before(async () => {
    const preparePlace: PlacePreparation = async (place) => {
      if ('databaseUrl' in place) url = place.databaseUrl
    }
    app = await openTestApp({}, { preparePlace })
  })
  after(() => app.close())

  it('OPS-08 KEY-10: twelve at once do not delay verification or the feed, and are asked to retry later', async () => {
    const key = await app.keyFor('org_1')
    const list = () => app.call('GET', '/v1/audit-events')
    // So that all connections are open already.
    await Promise.all(Array.from({ length: 12 }, list))
    const owner = new pg.Client(url)
    await owner.connect()
    // Readers of the audit log wait while this lock is held; verification does not read it.
    await owner.query('begin; lock table audit_events in access exclusive mode')
    const lists = Array.from({ length: 12 }, list)
    const waiting = async () => {
      const { rows } = await owner.query(
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      )
      assert.ok(rows[0].n <= 4, `${rows[0].n} at once`)
      return String(rows[0].n > 0)
    }
    await eventually(waiting, 'true')

    const verified = await Promise.all(
      Array.from({ length: 20 }, async () => {
        app.clock.advance({ seconds: 6 })
        await waiting()
        return await app.call('POST', '/v1/verify', { credential: key.secret })
      }),
    )
    assert.deepEqual(
      [...new Set(verified.map(({ status, body }) => `${status} ${body.valid}`))],
      ['200 true'],
    )
    assert.equal((await app.call('GET', '/readyz')).status, 200)

    const answers = await Promise.all(lists)
    await owner.query('rollback')
    await owner.end()
    const codes = new Set(answers.map(({ status, body }) => `${status} ${body.code}`))
    for (const code of codes) assert.match(code, /^503 (database_timeout|too_many_reads)$/)
    for (const { headers } of answers) assert.match(String(headers['retry-after']), /^\d+$/)
    assert.equal((await app.call('GET', '/v1/audit-events')).status, 200)
  })
})
