import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { bookmarkAt, changesSince } from '../../test/bookmark.ts'
import { type TestClock, testClock } from '../../test/clock.ts'
import { ENGINE, openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { waitForLocks } from '../../test/lock-waits.ts'
import { openLog } from '../http/log.ts'
import { announce } from './announce.store.ts'
import { changesAfter, lastBookmark, pruneChanges } from './change.store.ts'
import { KEPT_SECONDS, MAX_HASHES, type StoredChange } from './change.ts'
import { ChangesFeed } from './changes-feed.ts'

describe('the feed of changes', () => {
  let place: TestDatabase
  let clock: TestClock
  const feeds: ChangesFeed[] = []
  beforeEach(async () => {
    place = await openTestDatabase()
    clock = testClock()
  })
  afterEach(async () => {
    for (const feed of feeds.splice(0)) feed.close()
    await place.close()
  })

  const log = openLog('silent')
  const announceOne = (action: string) =>
    place.database.db.transaction().execute((tx) => announce(tx, clock.now(), action, 'everything'))

  /** A node that listens, and its notifications. */
  async function node() {
    const feed = new ChangesFeed(place.database, clock, log)
    feeds.push(feed)
    const heard: string[] = []
    let confirmedAtMs = Number.NEGATIVE_INFINITY
    await feed.start()
    feed.follow({
      changed: ({ position, action }: StoredChange) => void heard.push(`${position} ${action}`),
      confirmed: (atMs) => {
        confirmedAtMs = atMs
      },
      restarted: () => void heard.push('restarted'),
    })
    return { feed, heard, confirmedAtMs: () => confirmedAtMs }
  }

  /** Waits until a condition is true, for 30 s at most. */
  async function until(isSo: () => boolean): Promise<void> {
    for (let n = 0; n < 3_000 && !isSo(); n++) await sleep(10)
    assert.ok(isSo())
  }

  it('publishes each change once, in order, at every node; a notification is enough', async () => {
    const [one, other] = [await node(), await node()]
    for (let n = 1; n <= 5; n++) await announceOne(`change.${n}`)
    const all = [1, 2, 3, 4, 5].map((n) => `${n} change.${n}`)
    await until(() => one.heard.length === 5 && other.heard.length === 5)
    assert.deepEqual([one.heard, other.heard], [all, all])
    await one.feed.catchUp()
    assert.deepEqual(one.heard, all)
    assert.equal(one.feed.bookmark?.position, 5)
  })

  it('KEY-10: a listener that throws restarts, or is removed; the others miss nothing', async () => {
    const { feed, heard } = await node()
    const broken: string[] = []
    let isBroken = true
    for (const name of ['mends', 'does not mend'])
      feed.follow({
        changed: ({ position }: StoredChange) => {
          broken.push(`${name}: ${position}`)
          if (isBroken) throw new Error('broken')
        },
        confirmed: () => {},
        restarted: () => {
          broken.push(`${name}: restarted`)
          if (name === 'does not mend') throw new Error('broken')
        },
      })
    const last: string[] = []
    feed.follow({
      changed: ({ position }: StoredChange) => void last.push(`${position}`),
      confirmed: () => {},
      restarted: () => {},
    })
    await announceOne('a')
    await feed.catchUp()
    isBroken = false
    await announceOne('a')
    await feed.catchUp()
    assert.deepEqual(
      [heard, last],
      [
        ['1 a', '2 a'],
        ['1', '2'],
      ],
    )
    assert.deepEqual(broken, [
      'mends: 1',
      'mends: restarted',
      'does not mend: 1',
      'does not mend: restarted',
      'mends: 2',
    ])
  })

  it('all changes committed before catchUp was called are published when it resolves, for any number of callers', async () => {
    const { feed, heard } = await node()
    for (let n = 1; n <= 20; n++) {
      await announceOne('a')
      await Promise.all([feed.catchUp(), feed.catchUp(), feed.catchUp()])
      assert.equal(heard.length, n)
    }
  })

  it('a transaction that announced later cannot commit first: no reader passes over the slower one', async () => {
    const { db } = place.database
    const gate = Promise.withResolvers<void>()
    const announced = Promise.withResolvers<void>()
    const order: string[] = []
    const slow = db.transaction().execute(async (tx) => {
      await announce(tx, clock.now(), 'slow', 'everything')
      announced.resolve()
      await gate.promise
    })
    slow.then(() => order.push('slow'))
    await announced.promise
    const quick = announceOne('quick')
    quick.then(() => order.push('quick'))
    // PGlite has one connection, held by the slow transaction; on Postgres a gap would show here.
    if (ENGINE === 'postgres') {
      await waitForLocks(db, 1)
      assert.deepEqual((await changesSince(db, 0)).changes, [])
    }
    assert.deepEqual(order, [])
    gate.resolve()
    await Promise.all([slow, quick])
    const { changes } = await changesSince(db, 0)
    assert.deepEqual(
      changes.map(({ position, action }) => [position, action]),
      [
        [1, 'slow'],
        [2, 'quick'],
      ],
    )
  })

  it('of forty concurrent transactions, some rolled back, a node is notified of each that was committed', async () => {
    const { feed, heard } = await node()
    const outcomes = Array.from({ length: 40 }, (_, n) =>
      place.database.db
        .transaction()
        .execute(async (tx) => {
          await announce(tx, clock.now(), `change.${n}`, 'everything')
          if (n % 4 === 3) throw new Error('rolled back')
        })
        .then(() => void feed.catchUp())
        .catch(() => {}),
    )
    await Promise.all(outcomes)
    await feed.catchUp()
    assert.deepEqual(
      heard.map((each) => Number(each.split(' ')[0])),
      Array.from({ length: 30 }, (_, n) => n + 1),
    )
    const committed = Array.from({ length: 40 }, (_, n) => n).filter((n) => n % 4 !== 3)
    assert.deepEqual(heard.map((each) => each.split('.')[1]).sort(), committed.map(String).sort())
  })

  it('confirms with the moment at which it began to read', async () => {
    const { feed, confirmedAtMs } = await node()
    clock.advance({ seconds: 3 })
    await feed.catchUp()
    assert.equal(confirmedAtMs(), 3_000)
    assert.equal(feed.confirmedAtMs, 3_000)
  })

  it('VER-18: while the database does not answer nothing is confirmed, and afterwards nothing is missed', async () => {
    const { feed, heard, confirmedAtMs } = await node()
    const { db } = place.database
    await db.schema.alterTable('changes_head').renameTo('changes_away').execute()
    clock.advance({ seconds: 7 })
    await feed.catchUp()
    assert.equal(confirmedAtMs(), 0)
    await db.schema.alterTable('changes_away').renameTo('changes_head').execute()
    await announceOne('meanwhile')
    await feed.catchUp()
    assert.deepEqual(heard, ['1 meanwhile'])
    assert.equal(confirmedAtMs(), 7_000)
  })

  it('a node that was away until changes were deleted restarts its listeners', async () => {
    const { feed, heard } = await node()
    feed.close()
    const { db } = place.database
    // The view of another node, which reads nothing until catchUp is called.
    for (let n = 1; n <= 3; n++) await announceOne('old')
    await feed.catchUp()
    const before = heard.length
    const atThree = await bookmarkAt(db, 3)
    clock.advance({ seconds: KEPT_SECONDS + 1 })
    await pruneChanges(db, clock.now())
    assert.equal((await lastBookmark(db)).position, 3)
    await announceOne('new')
    await feed.catchUp()
    assert.deepEqual(heard.slice(before), ['4 new'], 'a listener that was up to date misses nothing')
    for (const [after, restarted] of [
      [2, 'changes_missed'],
      [3, null],
      [4, null],
      [5, 'another_log'],
    ] as const)
      assert.equal((await changesSince(db, after)).restarted, restarted, `${after}`)
    assert.deepEqual(
      await bookmarkAt(db, 3),
      atThree,
      'the place behind the last that is gone is still known',
    )
    await db.updateTable('changes_head').set({ position: 2, pruned_to: 0 }).execute()
    await feed.catchUp()
    assert.equal(heard.at(-1), 'restarted', 'an outbox that went back is another one')
    assert.equal(feed.bookmark?.position, 2)
  })

  /** The outbox of a standby that lacked the last commits when it took over, with changes since then. */
  const takeOver = (position: number, changes: number) =>
    place.database.db.transaction().execute(async (tx) => {
      await tx.deleteFrom('changes').where('position', '>', position).execute()
      await tx.updateTable('changes_head').set({ position }).execute()
      for (let n = 1; n <= changes; n++) await announce(tx, clock.now(), `other.${n}`, 'everything')
    })

  for (const [what, changes] of [
    ['fewer changes than were published', 1],
    ['as many', 3],
    ['more', 7],
  ] as const)
    it(`KEY-10: a failover that lost commits is noticed, where there are ${what} since`, async () => {
      const { feed, heard } = await node()
      for (let n = 1; n <= 11; n++) await announceOne('a')
      await feed.catchUp()
      const behind = feed.bookmark
      const before = heard.length
      await takeOver(8, changes)
      await feed.catchUp()
      assert.deepEqual(heard.slice(before), ['restarted'])
      assert.deepEqual(feed.bookmark, await bookmarkAt(place.database.db, 8 + changes))
      assert.ok(behind !== null)
      assert.equal(feed.recentAfter(behind), null, 'nor does a listener go on from there')
      assert.equal((await changesAfter(place.database.db, behind, 10)).restarted, 'another_log')
      await announceOne('after')
      await feed.catchUp()
      assert.deepEqual(heard.slice(before), ['restarted', `${9 + changes} after`])
    })

  it('KEY-10: a node that read only changes of both sides goes on and misses nothing', async () => {
    const { feed, heard } = await node()
    feed.close()
    for (let n = 1; n <= 8; n++) await announceOne('a')
    await feed.catchUp()
    await takeOver(8, 2)
    await feed.catchUp()
    assert.deepEqual(heard.slice(8), ['9 other.1', '10 other.2'])
  })

  it('KEY-10: restarts on another Postgres at the same position: cached records may be ahead of it', async () => {
    await announceOne('a')
    const { db } = place.database
    const bookmark = await bookmarkAt(db, 1)
    assert.equal((await changesAfter(db, bookmark, 10)).restarted, null)
    assert.equal((await changesAfter(db, { ...bookmark, run: '1' }, 10)).restarted, 'another_log')
    const empty = { ...bookmark, position: 0 }
    assert.equal((await changesAfter(db, empty, 10)).restarted, 'another_log', 'also before the first change')
  })

  it('OPS-08: keeps the last changes in memory, and fewer if they name many hashes', async () => {
    const { db } = place.database
    const { feed } = await node()
    await sql`
      insert into secrets (hash, id, holder_id, hint, created_at, retires_at)
      select sha256(n::text::bytea), 'sec_' || n, 'key_1', 'x', ${clock.now()}::timestamptz, '2090-01-01'
      from generate_series(1, ${MAX_HASHES}) as n`.execute(db)
    const announceAll = (times: number) =>
      db.transaction().execute(async (tx) => {
        for (let n = 0; n < times; n++) await announce(tx, clock.now(), 'a', { holderId: 'key_1' })
      })
    await announceAll(90)
    await feed.catchUp()
    assert.equal(feed.recentAfter(await bookmarkAt(db, 0))?.length, 90)
    await announceAll(30)
    await feed.catchUp()
    assert.equal(feed.recentAfter(await bookmarkAt(db, 0)), null)
    assert.equal(feed.recentAfter(await bookmarkAt(db, 100))?.length, 20)
  })

  it('OPS-08: yields to other work while it publishes many changes to many listeners', async () => {
    const { feed } = await node()
    let notifiedInTurn = 0
    let most = 0
    for (let n = 0; n < 100; n++)
      feed.follow({
        changed: () => {
          notifiedInTurn += 1
          most = Math.max(most, notifiedInTurn)
        },
        confirmed: () => {},
        restarted: () => {},
      })
    await place.database.db.transaction().execute(async (tx) => {
      for (let n = 0; n < 400; n++) await announce(tx, clock.now(), 'a', { holderId: 'key_none' })
    })
    let done = false
    const turns = () => {
      notifiedInTurn = 0
      if (!done) setImmediate(turns)
    }
    turns()
    await feed.catchUp()
    done = true
    assert.equal(feed.bookmark?.position, 400)
    assert.ok(most <= 11_000, `${most} at once`)
  })
})
