import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { explaining } from '../../test/explaining.ts'
import { addSeconds } from '../base/clock.ts'
import { type AuditFilter, listEvents } from './audit-event.store.ts'

const MANY = 20_000
const LIMIT = 50

describe('lists of audit events at size', () => {
  let app: TestApp
  let began: Date
  before(async () => {
    app = await openTestApp()
    began = app.clock.now()
    // One event a minute. Rare ones are old, so that a walk from the newest passes over all others.
    await sql`
      insert into audit_events (seq, id, at, action, result, actor_kind, actor_id, owner_id, target_id, detail, hash)
      select n, 'evt_many' || n, ${began}::timestamptz + n * interval '1 minute',
        case when n in (1005, 1007) then 'key.rare' when n < 10000 then 'key.created' else 'key.revoked' end,
        case when n in (1005, 1007) then 'refused' else 'done' end, 'admin_key',
        case when n in (1005, 1007) then 'adm_rare' when n < 10000 then 'adm_old' else 'adm_new' end,
        case when n in (1005, 1007) then 'org_rare' when n < 10000 then 'org_old' else 'org_new' end,
        'key_' || (n % 2), '{}', sha256('')
      from generate_series(1001, ${1000 + MANY}::integer) as n`.execute(app.db)
    await sql`analyze audit_events`.execute(app.db)
  })
  after(() => app.close())

  const minute = (n: number) => addSeconds(began, n * 60)
  const filters: [name: string, filter: () => AuditFilter, found: number][] = [
    ['nothing', () => ({}), LIMIT],
    ['an actor of long ago', () => ({ actorId: 'adm_old' }), LIMIT],
    ['a rare actor', () => ({ actorId: 'adm_rare' }), 2],
    ['no such actor', () => ({ actorId: 'adm_none' }), 0],
    ['an action of long ago', () => ({ action: 'key.created', beforeSeq: 15_000 }), LIMIT],
    ['a rare action', () => ({ action: 'key.rare' }), 2],
    ['refused', () => ({ result: 'refused' }), 2],
    ['an owner of long ago', () => ({ ownerId: 'org_old' }), LIMIT],
    ['a target', () => ({ targetId: 'key_1' }), LIMIT],
    ['a rare actor and an owner', () => ({ actorId: 'adm_rare', ownerId: 'org_rare' }), 2],
    ['until long ago', () => ({ until: minute(2_000) }), LIMIT],
    ['a wide span of long ago', () => ({ since: minute(1_000), until: minute(8_000) }), LIMIT],
    ['a short span of long ago', () => ({ since: minute(2_000), until: minute(2_003) }), 3],
    ['since lately', () => ({ since: minute(1000 + MANY) }), 1],
    ['since long ago', () => ({ since: minute(1_000) }), LIMIT],
    ['an owner until long ago', () => ({ ownerId: 'org_old', until: minute(2_000) }), LIMIT],
    ['a page of a span', () => ({ until: minute(9_000), beforeSeq: 3_000 }), LIMIT],
  ]
  for (const [name, filterOf, found] of filters)
    it(`STO-11: a page of audit events costs what it shows, not what is stored: ${name}`, async () => {
      assert.equal((await listEvents(app.db, filterOf(), LIMIT)).length, found)
      const explained = explaining(app.db)
      await listEvents(explained.db, filterOf(), LIMIT)
      assert.ok(explained.total() <= 5 * LIMIT, `${explained.total()} rows examined`)
    })

  it('STO-11: pages of a span of time skip and repeat nothing, also where clocks differ', async () => {
    // Events of one minute at later positions in the chain, as of a server whose clock is behind.
    await sql`
      insert into audit_events (seq, id, at, action, result, actor_kind, detail, hash)
      select 50000 + n, 'evt_behind' || n, ${minute(5_000)}::timestamptz, 'key.created', 'done', 'system', '{}', sha256('')
      from generate_series(1, 9) as n`.execute(app.db)
    const span = `since=${minute(4_990).toISOString()}&until=${minute(5_010).toISOString()}`
    const seen: { seq: number; at: string }[] = []
    for (let cursor = ''; ; ) {
      const { body } = await app.call('GET', `/v1/audit-events?${span}&limit=4${cursor}`)
      seen.push(...body.data)
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    assert.equal(seen.length, 29)
    assert.equal(new Set(seen.map((event) => event.seq)).size, 29)
    const times = seen.map((event) => event.at)
    assert.deepEqual(times, times.toSorted().toReversed())
  })

  it('AUD-07: either name of a renamed action finds the events of both, page by page', async () => {
    await sql`
      insert into audit_events (seq, id, at, action, result, actor_kind, detail, hash)
      select 60000 + n, 'evt_named' || n, ${minute(9_000)}::timestamptz + n * interval '1 minute',
        case when n % 2 = 0 then 'scope.declared' else 'scope.created' end, 'done', 'system', '{}', sha256('')
      from generate_series(1, 7) as n`.execute(app.db)
    for (const name of ['scope.created', 'scope.declared'])
      for (const span of ['', `&since=${minute(9_000).toISOString()}`]) {
        const seqs: number[] = []
        for (let cursor = ''; ; ) {
          const { body } = await app.call('GET', `/v1/audit-events?action=${name}${span}&limit=2${cursor}`)
          seqs.push(...body.data.map((event: { seq: number }) => event.seq))
          if (body.next_cursor === null) break
          cursor = `&cursor=${body.next_cursor}`
        }
        const older = span === '' ? seqs.slice(0, 7) : seqs
        assert.deepEqual(
          older,
          [7, 6, 5, 4, 3, 2, 1].map((n) => 60_000 + n),
          `${name}${span}`,
        )
      }
  })
})
