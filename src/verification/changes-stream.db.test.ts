import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bookmarkAt, changesSince } from '../../test/bookmark.ts'
import { type TestClock, testClock } from '../../test/clock.ts'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { announce } from '../changes/announce.store.ts'
import { ChangesFeed } from '../changes/changes-feed.ts'
import { openLog } from '../http/log.ts'
import { ChangesStream, type StreamStart } from './changes-stream.ts'

const START: StreamStart = {
  after: null,
  missed: [],
  restarted: null,
  once: false,
  endsAtMs: Number.POSITIVE_INFINITY,
  adminKeyHash: 'f'.repeat(64),
}

describe('the changes stream of one listener', () => {
  let place: TestDatabase
  let clock: TestClock
  let feed: ChangesFeed
  const streams: ChangesStream[] = []
  beforeEach(async () => {
    place = await openTestDatabase()
    clock = testClock()
    feed = new ChangesFeed(place.database, clock, openLog('silent'))
    await feed.start()
  })
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.destroy()
    feed.close()
    await place.close()
  })

  function open(more: Partial<StreamStart> = {}): ChangesStream {
    const stream = new ChangesStream(feed, () => clock.steadyMs(), { ...START, ...more })
    streams.push(stream)
    return stream
  }

  const at = (position: number) => bookmarkAt(place.database.db, position)

  async function tell(count: number): Promise<void> {
    await place.database.db.transaction().execute(async (tx) => {
      for (let n = 0; n < count; n++) await announce(tx, clock.now(), 'a.change', 'everything')
    })
    await feed.catchUp()
  }

  /** Reads a stream until it contains a text, or ends. */
  async function readUntil(stream: ChangesStream, wanted: string): Promise<string> {
    let text = ''
    stream.on('data', (chunk) => (text += chunk)).resume()
    for (let n = 0; n < 3_000 && !text.includes(wanted) && !stream.readableEnded; n++) await sleep(10)
    stream.pause()
    stream.removeAllListeners('data')
    assert.ok(wanted === '' || text.includes(wanted), text.slice(-500))
    return text
  }

  /** Events in order: `open`, `change 3`, … */
  function eventsIn(text: string): string[] {
    return [...text.matchAll(/^event: (\w+)\nid: (\d+)\.\S+$/gm)].map(([, event, position]) =>
      event === 'change' ? `change ${position}` : `${event}`,
    )
  }

  it('resumes from the listener’s bookmark, and starts over without one', async () => {
    await tell(3)
    const anew = await readUntil(open(), 'confirmed')
    assert.deepEqual(eventsIn(anew), ['open', 'confirmed'])
    assert.match(anew, /"position":3,"restarted":true/)
    const resumed = await readUntil(open({ after: await at(1) }), 'confirmed')
    assert.deepEqual(eventsIn(resumed), ['open', 'change 2', 'change 3', 'confirmed'])
    assert.match(resumed, /"position":1,"restarted":false/)
  })

  it('ends after all changes are sent, with `once`', async () => {
    await tell(2)
    const stream = open({ after: await at(0), once: true })
    const text = await readUntil(stream, 'confirmed')
    assert.deepEqual(eventsIn(text), ['open', 'change 1', 'change 2', 'confirmed'])
  })

  for (const [from, once] of [
    ['memory', false],
    ['memory', true],
    ['the database', false],
    ['the database', true],
  ] as const)
    it(`KEY-10: confirms nothing before the last change to a listener that missed more than fits, from ${from}${once ? ', once' : ''}`, async () => {
      await tell(900)
      let missed: StreamStart['missed'] = []
      if (from === 'the database') {
        missed = (await changesSince(place.database.db, 0)).changes
        feed.close()
        feed = new ChangesFeed(place.database, clock, openLog('silent'))
        await feed.start()
      }
      const text = await readUntil(open({ after: await at(0), missed, once }), 'event: confirmed')
      assert.deepEqual(eventsIn(text), [
        'open',
        ...Array.from({ length: 900 }, (_, n) => `change ${n + 1}`),
        'confirmed',
      ])
    })

  it('sends a listener the changes up to that of its own admin key, and the rest when it reconnects', async () => {
    const adminKeyHash = 'ab'.repeat(32)
    const about = { tokenHash: Buffer.from(adminKeyHash, 'hex') }
    // Its creation does not end the stream of a listener that presents it.
    for (const action of ['admin_key.created', 'admin_key.rotated'])
      await place.database.db.transaction().execute((tx) => announce(tx, clock.now(), action, about))
    await tell(2)
    let text = ''
    for await (const chunk of open({ after: await at(0), adminKeyHash })) text += chunk
    assert.deepEqual(eventsIn(text), ['open', 'change 1', 'change 2'])
  })

  it('OPS-08: applies backpressure: a slow listener misses nothing and gets no more than it reads', async () => {
    const stream = open()
    await tell(900)
    assert.ok(stream.readableLength < 200_000)
    const first = await readUntil(stream, '"position":900')
    assert.deepEqual(
      eventsIn(first).filter((event) => event.startsWith('change')),
      Array.from({ length: 900 }, (_, n) => `change ${n + 1}`),
    )
    assert.ok(!first.includes('event: restarted'))
  })

  it('sends `restarted` to a listener too slow for the feed’s memory', async () => {
    const stream = open()
    for (let n = 0; n < 5; n++) await tell(900)
    const text = await readUntil(stream, 'event: restarted')
    await tell(1)
    const after = await readUntil(stream, '"position":4501')
    assert.ok(eventsIn(text + after).includes('change 4501'))
  })

  it('OPS-08: disconnects a listener that reads nothing for ten seconds', async () => {
    const stream = open()
    await tell(900)
    clock.advance({ seconds: 10 })
    await feed.catchUp()
    assert.equal(stream.destroyed, false)
    clock.advance({ ms: 1 })
    await feed.catchUp()
    assert.equal(stream.destroyed, true)
  })

  it('confirms once a second until it ends at its time, so that the listener compares clocks again', async () => {
    const stream = open({ endsAtMs: 5_000 })
    for (let second = 0; second < 6; second++) {
      clock.advance({ seconds: 1 })
      await feed.catchUp()
      await feed.catchUp()
    }
    const text = await readUntil(stream, 'confirmed')
    assert.deepEqual(eventsIn(text), ['open', ...Array(5).fill('confirmed')])
    assert.match(text, /"clock_ms":4000/)
  })
})
