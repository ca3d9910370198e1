import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { renderText } from '../mail/render-text.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import {
  AHEAD_SECONDS,
  HOLDER_KINDS,
  NOTICE_CAUSES,
  noticeOf,
  tierByRule,
  tiersOf,
  tierToTell,
} from './notice.ts'
import { contentOf } from './notice-words.ts'

const START = Date.parse('2030-01-01T00:00:00.000Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR
const at = (ms: number) => new Date(START + ms)
const lifeOfDays = (days: number) => ({ startsAt: at(0), endsAt: at(days * DAY) })

const secretOf = (more: Partial<StoredSecret> = {}): StoredSecret => ({
  ...{ id: 'sec_1', holderId: 'key_1', hint: 'sk_live_abc1…', createdAt: at(0), expiresAt: at(90 * DAY) },
  ...{ retiresAt: null, retiredAt: null, finishWhenSilentSeconds: null, revokedAt: null },
  ...{ lastUsedAt: null, lastUsedIp: null, lastUsedUserAgent: null, exposedAt: null },
  ...more,
})

describe('tiers of notices', () => {
  for (const [days, tiers, expected] of [
    [90, [30, 7, 1], [30, 7, 1]],
    [90, [1, 30, 7, 7], [30, 7, 1]],
    [60, [30, 7, 1], [30, 7, 1]],
    [59, [30, 7, 1], [7, 1]],
    [14, [30, 7, 1], [7, 1]],
    [13, [30, 7, 1], [1]],
    [2, [30, 7, 1], [1]],
    [1, [30, 7, 1], []],
    [90, [], []],
    [90, [60], []],
  ] as const)
    it(`of a life of ${days} days, ${JSON.stringify(tiers)} are ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(
        tiersOf(lifeOfDays(days), tiers).map(({ tier }) => tier),
        expected,
      )
    })

  it('are told at most once each, never after the end nor before the middle, whenever servers look', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 * 24 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 365 }), { maxLength: 10 }),
        fc.array(fc.integer({ min: 0, max: 410 * 24 }), { maxLength: 60 }),
        (hours, tiers, looks) => {
          const life = { startsAt: at(0), endsAt: at(hours * HOUR) }
          const told: number[] = []
          for (const hour of looks.toSorted((a, b) => a - b)) {
            const now = at(hour * HOUR)
            const found = tierToTell(life, tiers, now, told)
            if (found === null) continue
            assert.ok(now < life.endsAt)
            assert.ok(found.dueAt.getTime() - START >= (hours * HOUR) / 2)
            assert.ok(found.dueAt.getTime() <= now.getTime() + AHEAD_SECONDS * 1000)
            told.push(found.tier)
          }
          assert.deepEqual(
            told,
            [...new Set(told)].toSorted((a, b) => b - a),
          )
        },
      ),
    )
  })

  it('are each told where servers look every hour', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 5 }),
        (days, tiers) => {
          const life = lifeOfDays(days)
          const told = new Set<number>()
          for (let hour = 0; hour <= days * 24; hour++) {
            const found = tierToTell(life, tiers, at(hour * HOUR), [...told])
            if (found !== null) told.add(found.tier)
          }
          assert.deepEqual(
            [...told],
            tiersOf(life, tiers).map(({ tier }) => tier),
          )
        },
      ),
      { numRuns: 30 },
    )
  })

  it('are one where several are due: the nearest to the end', () => {
    const now = at(89.5 * DAY)
    assert.deepEqual(tierToTell(lifeOfDays(90), [30, 7, 1], now), { tier: 1, dueAt: at(89 * DAY) })
    assert.equal(tierToTell(lifeOfDays(90), [30, 7, 1], at(90 * DAY)), null)
  })
})

describe('the notice of a secret', () => {
  const TIERS = [30, 7, 1]
  const old = secretOf({ id: 'sec_old', expiresAt: null, retiresAt: at(20 * DAY) })
  const next = secretOf({ id: 'sec_new', createdAt: at(0), expiresAt: at(500 * DAY) })
  const oldAt = (used: Partial<StoredSecret>, nextUsedAt: Date | null, now: Date) =>
    noticeOf(
      { ...old, ...used },
      [
        { ...next, lastUsedAt: nextUsedAt },
        { ...old, ...used },
      ],
      TIERS,
      now,
    )

  it('tells of its expiry for three days, and of none that is long past', () => {
    const secret = secretOf()
    const told = (days: number) => noticeOf(secret, [secret], TIERS, at(days * DAY))
    assert.equal(told(89.9)?.cause, 'expires')
    assert.deepEqual(told(90), { cause: 'expired', tier: 0, endsAt: at(90 * DAY), dueAt: at(90 * DAY) })
    assert.equal(told(92.9)?.cause, 'expired')
    assert.equal(told(93), null)
  })

  for (const [what, secret] of [
    ['is revoked', { revokedAt: at(1) }],
    ['was replaced', { retiresAt: at(DAY), retiredAt: at(1) }],
    ['never ends', { expiresAt: null }],
  ] as const)
    it(`is none where it ${what}`, () => {
      const given = secretOf(secret)
      for (const day of [60, 83, 89, 90]) assert.equal(noticeOf(given, [given], TIERS, at(day * DAY)), null)
    })

  for (const [what, usedAt, nextUsedAt, cause] of [
    ['is still used, and the new one is not', at(12.9 * DAY), null, 'overlap_ends'],
    ['is still used beside the new one', at(12.9 * DAY), at(13 * DAY), 'overlap_ends'],
    ['has not been used since the rotation', at(-1), at(DAY), undefined],
    ['was never used', null, at(DAY), undefined],
    ['was used until its callers moved', at(9 * DAY), at(13 * DAY), undefined],
    ['was used last some time ago', at(4 * DAY), null, undefined],
  ] as const)
    it(`of an old secret that ${what} is ${cause ?? 'none'}`, () => {
      assert.equal(oldAt({ lastUsedAt: usedAt }, nextUsedAt, at(13 * DAY))?.cause, cause)
    })

  it('of an old secret is none once it has stopped working: the new one works', () => {
    assert.equal(oldAt({ lastUsedAt: at(19.9 * DAY) }, at(19 * DAY), at(20 * DAY)), null)
  })
})

describe('the notice of a date by a rule', () => {
  it('is told at each tier, and at once where the date was stated nearer than the tier', () => {
    const tierAt = (day: number, told: readonly number[] = []) =>
      tierByRule(at(90 * DAY), [60, 7], at(day * DAY), told)?.tier ?? null
    assert.deepEqual([tierAt(28), tierAt(30), tierAt(60), tierAt(83), tierAt(90)], [null, 60, 60, 7, null])
    assert.deepEqual([tierAt(60, [60]), tierAt(83, [60]), tierAt(83, [60, 7])], [null, 7, null])
    assert.equal(tierByRule(at(90 * DAY), [], at(89 * DAY)), null)
  })
})

describe('the words of notices', () => {
  it('stay within 72 columns as text, for each cause and kind, also where names are long', () => {
    const brand = {
      name: 'Tidewater',
      logo: null,
      accent: { light: { used: '#0d7a6f', text: '#ffffff' }, dark: { used: '#4fc3b3', text: '#000000' } },
      links: [],
      publicUrl: 'https://keys.example',
    }
    for (const cause of NOTICE_CAUSES)
      for (const kind of HOLDER_KINDS)
        for (const name of [
          'exporter',
          'the exporter of all orders to the warehouse in the north '.repeat(3),
        ]) {
          const holder = {
            id: 'key_1',
            kind,
            name,
            environment: 'live',
            ownerId: 'org_1',
            createdBy: 'adk_1',
            isStopped: false,
            autoRotateAfterDays: null,
            disableUnrotatedAt: null,
          }
          const secrets = [
            secretOf({ lastUsedAt: at(DAY), lastUsedIp: '203.0.113.9', lastUsedUserAgent: 'exporter/1.4' }),
          ]
          const of = { subjectId: 'sec_1', holderKind: kind, holderId: 'key_1', ownerId: 'org_1' }
          const notice = { id: 'ntc_1', ...of, cause, tier: 7, endsAt: at(90 * DAY), dueAt: at(83 * DAY) }
          const told = [{ notice, holder, secrets }]
          for (const audience of ['contacts', 'maker'] as const) {
            const content = contentOf(told, 1, { ownerName: 'Acme', audience }, at(83 * DAY))
            for (const line of renderText(content, brand).split('\n')) assert.ok(line.length <= 72, line)
          }
        }
  })
})
