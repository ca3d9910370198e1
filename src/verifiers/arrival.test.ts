import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { arrivalOf, type Witness } from './arrival.ts'

const AT_MS = Date.parse('2030-01-01T14:03:07.000Z')
/** A moment some ms after the revocation was requested. */
const at = (ms: number) => new Date(AT_MS + ms)

function witness(more: Partial<Witness> = {}): Witness {
  return {
    ...{
      id: 'a',
      name: null,
      kind: 'sdk',
      startedAt: at(-3_600_000),
      seenAt: at(0),
      boundMs: 5_000,
      notReporting: 0,
    },
    appliedAt: null,
    ...more,
  }
}
const server = (appliedMs: number | null, more: Partial<Witness> = {}) =>
  witness({ kind: 'server', appliedAt: appliedMs === null ? null : at(appliedMs), ...more })
const sdk = (appliedMs: number | null, more: Partial<Witness> = {}) =>
  witness({ appliedAt: appliedMs === null ? null : at(appliedMs), ...more })

/** The parts of an arrival that a row of the table compares. */
function told(witnesses: readonly Witness[], committedMs: number | null, nowMs: number) {
  const committedBy = committedMs === null ? null : at(committedMs)
  const { state, refusedSince, applied, startedLater, waiting, lapsed } = arrivalOf(
    at(0),
    committedBy,
    witnesses,
    at(nowMs),
  )
  return {
    state,
    since: refusedSince === null ? null : refusedSince.getTime() - AT_MS,
    counts: [applied, startedLater, waiting.length, lapsed.length],
  }
}

describe('where a revocation has arrived', () => {
  const rows: readonly (readonly [
    title: string,
    witnesses: readonly Witness[],
    committedMs: number | null,
    nowMs: number,
    expected: ReturnType<typeof told>,
  ])[] = [
    [
      'all have applied it: since the last of them did',
      [server(5), sdk(12), sdk(407)],
      5,
      500,
      { state: 'arrived', since: 407, counts: [3, 0, 0, 0] },
    ],
    [
      'one has not: it is arriving, however long the others have it',
      [server(5), sdk(12), sdk(null)],
      5,
      500,
      { state: 'arriving', since: null, counts: [2, 0, 1, 0] },
    ],
    [
      'one was stopped: once its cache is too old it refuses too, and is named as not confirmed',
      [server(5), sdk(12), sdk(null)],
      5,
      6_005,
      { state: 'arrived', since: 6_005, counts: [2, 0, 0, 1] },
    ],
    [
      'one ms before that it is still waited for',
      [server(5), sdk(12), sdk(null)],
      5,
      6_004,
      { state: 'arriving', since: null, counts: [2, 0, 1, 0] },
    ],
    [
      'it wakes up a minute later and confirms: it has refused since its cache was too old, not since then',
      [server(5), sdk(12), sdk(60_000)],
      5,
      61_000,
      { state: 'arrived', since: 6_005, counts: [3, 0, 0, 0] },
    ],
    [
      'one may serve stale answers for a minute more: that is its bound',
      [server(5), sdk(null, { boundMs: 65_000 })],
      5,
      60_000,
      { state: 'arriving', since: null, counts: [1, 0, 1, 0] },
    ],
    [
      'one does not tell its bound: it is waited for',
      [server(5), sdk(null, { boundMs: null })],
      5,
      600_000,
      { state: 'arriving', since: null, counts: [1, 0, 1, 0] },
    ],
    [
      'one started later: it looked everything up after it, whatever it has reported',
      [server(5), sdk(20), sdk(null, { startedAt: at(10_000) }), sdk(15_000, { startedAt: at(14_000) })],
      5,
      15_500,
      { state: 'arrived', since: 20, counts: [2, 2, 0, 0] },
    ],
    [
      'one started at about the same time: it may have cached it just before',
      [server(5), sdk(3_000, { startedAt: at(2_500) })],
      5,
      4_000,
      { state: 'arrived', since: 3_000, counts: [2, 0, 0, 0] },
    ],
    [
      'every one started later: none ever accepted it, and there is no moment to tell',
      [server(60_000, { startedAt: at(60_000) })],
      5,
      61_000,
      { state: 'arrived', since: null, counts: [0, 1, 0, 0] },
    ],
    [
      'no server has read it yet: nothing is known of when it was committed',
      [server(null), sdk(null)],
      null,
      60_000,
      { state: 'arriving', since: null, counts: [0, 0, 2, 0] },
    ],
    [
      'the word of an SDK is for itself only: it does not make the others’ caches too old',
      [server(null), sdk(1), sdk(null)],
      null,
      60_000,
      { state: 'arriving', since: null, counts: [1, 0, 2, 0] },
    ],
    [
      'an SDK claims to have applied it before it was requested: never told',
      [server(5), sdk(-50_000)],
      5,
      100,
      { state: 'arrived', since: 5, counts: [2, 0, 0, 0] },
    ],
    ['no verifier has reported', [], null, 100, { state: 'arriving', since: null, counts: [0, 0, 0, 0] }],
  ]
  for (const [title, witnesses, committedMs, nowMs, expected] of rows)
    it(`KEY-10: ${title}`, () => assert.deepEqual(told(witnesses, committedMs, nowMs), expected))

  it('KEY-10: names when each that has not confirmed uses nothing cached any more', () => {
    const slow = sdk(null, { name: 'slow' })
    const { waiting } = arrivalOf(at(0), at(5), [server(5), slow], at(500))
    assert.deepEqual(waiting, [{ verifier: slow, refusesFrom: at(6_005) }])
  })

  /** A verifier as it is, not as it reports: when it started, applied the change, and how late its report was. */
  const real = fc.record({
    kind: fc.constantFrom('server' as const, 'sdk' as const),
    startedMs: fc.integer({ min: -20_000, max: 20_000 }),
    appliedAfterMs: fc.option(fc.integer({ min: 0, max: 30_000 })),
    reportMs: fc.integer({ min: 0, max: 2_000 }),
    hasReported: fc.boolean(),
    boundMs: fc.constantFrom(0, 1_000, 5_000, 35_000),
    /** Of the server that received the report. */
    clockMs: fc.integer({ min: -400, max: 400 }),
  })

  it('KEY-10: never says "refused since" of a time at which any verifier could still accept', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 8_000 }),
        fc.array(real, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 60_000 }),
        (commitMs, world, nowMs) => {
          const appliedMs = (each: (typeof world)[number]) =>
            each.appliedAfterMs === null ? null : Math.max(commitMs, each.startedMs) + each.appliedAfterMs
          const seen = world.map((each) => {
            const applied = appliedMs(each)
            const isKnown = applied !== null && each.hasReported && applied + each.reportMs <= nowMs
            const late = each.kind === 'server' ? 0 : each.reportMs
            return witness({
              ...{ kind: each.kind, boundMs: each.boundMs },
              startedAt: at(each.startedMs + each.reportMs + each.clockMs),
              appliedAt: isKnown ? at(applied + late + each.clockMs) : null,
            })
          })
          const servers = seen.filter(({ kind, appliedAt }) => kind === 'server' && appliedAt !== null)
          const committedBy =
            servers.length === 0
              ? null
              : new Date(Math.min(...servers.map(({ appliedAt }) => Number(appliedAt))))
          const { state, refusedSince, waiting, lapsed } = arrivalOf(at(0), committedBy, seen, at(nowMs))
          /** The last moment at which it may accept, by true time. */
          const accepts = world.map((each) =>
            each.startedMs >= commitMs
              ? Number.NEGATIVE_INFINITY
              : Math.min(appliedMs(each) ?? Number.POSITIVE_INFINITY, commitMs + each.boundMs),
          )
          if (state === 'arriving') {
            assert.equal(refusedSince, null)
            assert.ok(waiting.length > 0 || committedBy === null)
            return
          }
          // Clocks of two servers may differ by what the reports above allow.
          const sinceMs = refusedSince === null ? nowMs : refusedSince.getTime() - AT_MS
          assert.ok(sinceMs + 400 >= Math.max(...accepts), `${sinceMs} ${accepts}`)
          for (const { refusesFrom } of lapsed) assert.ok(Number(refusesFrom) <= Number(at(nowMs)))
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
