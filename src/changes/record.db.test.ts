import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { changesSince } from '../../test/bookmark.ts'
import { type TestClock, testClock } from '../../test/clock.ts'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { systemOrigin } from '../audit/audit-event.ts'
import type { Tx } from '../db/schema.ts'
import { record, recordForAll } from './record.ts'

describe('record', () => {
  let place: TestDatabase
  let clock: TestClock
  beforeEach(async () => {
    place = await openTestDatabase()
    clock = testClock()
  })
  afterEach(() => place.close())

  const target = { id: 'key_1', ownerId: 'org_1' }
  const inOne = (work: (tx: Tx) => Promise<void>) => place.database.db.transaction().execute(work)
  const events = async () => {
    const rows = place.database.db.selectFrom('audit_events').selectAll().orderBy('seq')
    return (await rows.execute()).map(({ action, result, target_id, owner_id, detail }) => {
      return { action, result, target_id, owner_id, detail }
    })
  }

  it('AUD-01 KEY-10: writes the event and the announcement together, or neither', async () => {
    const origin = systemOrigin(clock.now())
    const ended = { reason: 'revoked', at: clock.now() } as const
    const altersVerdictsOf = { holderId: 'key_1', ended }
    const revoked = { action: 'key.revoked', target, detail: { reason: 'leaked' }, altersVerdictsOf } as const
    await assert.rejects(
      inOne(async (tx) => {
        await record(tx, origin, revoked)
        throw new Error('rolled back')
      }),
    )
    assert.deepEqual(await events(), [])
    assert.deepEqual((await changesSince(place.database.db, 0)).changes, [])
    await inOne((tx) => record(tx, origin, revoked))
    assert.deepEqual(await events(), [
      {
        ...{ action: 'key.revoked', result: 'done', target_id: 'key_1', owner_id: 'org_1' },
        detail: { reason: 'leaked' },
      },
    ])
    const { changes } = await changesSince(place.database.db, 0)
    assert.deepEqual(
      changes.map(({ action, ended }) => [action, ended]),
      [['key.revoked', ended]],
    )
  })

  it('AUD-01: many targets get an event each and one announcement; none gets neither', async () => {
    const origin = systemOrigin(clock.now())
    const detail = { reason: 'test', by: 'adm_1', user_id: 'usr_1', client_id: 'cli_1' }
    const of = (id: string) => ({ target: { id, ownerId: null }, detail })
    await inOne(async (tx) => {
      const altersVerdictsOf = { grantIds: ['grt_1', 'grt_2'] }
      const action = 'grant.revoked'
      await recordForAll(tx, origin, { action, events: [of('grt_1'), of('grt_2')], altersVerdictsOf })
      await recordForAll(tx, origin, { action, events: [], altersVerdictsOf: { grantIds: [] } })
    })
    assert.deepEqual(
      (await events()).map((event) => event.target_id),
      ['grt_1', 'grt_2'],
    )
    assert.equal((await changesSince(place.database.db, 0)).changes.length, 1)
  })

  it('KEY-10: a change cannot be written without its announcement, nor an announcement without need', () => {
    const wrong = async (tx: Tx) => {
      const origin = systemOrigin(clock.now())
      // @ts-expect-error always alters verdicts
      await record(tx, origin, { action: 'key.disabled', target })
      // @ts-expect-error always alters some verdicts
      await record(tx, origin, { action: 'key.disabled', target, altersVerdictsOf: 'nothing' })
      // @ts-expect-error has to say whether it does
      await record(tx, origin, { action: 'client.changed', target })
      // @ts-expect-error never does
      await record(tx, origin, { action: 'user.created', target, altersVerdictsOf: 'everything' })
      // @ts-expect-error carries a reason
      await record(tx, origin, { action: 'key.revoked', target, altersVerdictsOf: 'everything' })
      // @ts-expect-error is in no row of the table
      await record(tx, origin, { action: 'key.deleted', target })
      // @ts-expect-error always alters verdicts
      await recordForAll(tx, origin, { action: 'key.disabled', events: [{ target }] })
    }
    assert.ok(wrong)
  })
})
