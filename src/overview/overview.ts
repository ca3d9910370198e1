import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import type { JobState } from '../jobs/job.ts'
import { TOO_BROAD } from '../keys/key-conditions.store.ts'
import {
  countKeys,
  countMatching,
  type KeyCount,
  type KeyCounts,
  MOST_COUNTED,
  sumOf,
} from '../keys/key-counts.store.ts'
import type { KeyFilter } from '../keys/key-filter.ts'
import { LIVE_STATES } from '../keys/key-filter.ts'
import { environmentsOf, type Reach } from '../management/caller.ts'
import { countDeadCredentials } from '../usage/dead-credential.store.ts'
import { type Axis, axisFor } from '../usage/usage.ts'
import { type Series, seriesOf } from '../usage/usage-series.store.ts'
import type { Lag } from './change-lag.ts'
import {
  countExposed,
  type KeyRotation,
  type KeysOfAge,
  type KeysOfDay,
  keysByAge,
  keysByExpiry,
  rotationsUnderWay,
} from './overview.store.ts'

const DAY_SECONDS = 24 * 3600
const CALENDAR_DAYS = 90
const UNUSED_SECONDS = 90 * DAY_SECONDS
const ROTATIONS_SHOWN = 20

export const ATTENTION = [
  'never_used',
  'unused_90_days',
  'no_expiry',
  'over_scoped',
  'exposed',
  'dead_credentials',
] as const

export interface Attention {
  readonly code: (typeof ATTENTION)[number]
  readonly keys: KeyCount
  /** The parameters of `GET /v1/keys` that list them; null where that list has no such filter. */
  readonly query: Readonly<Record<string, string>> | null
}

export interface Overview {
  /** Null within some environments: sums are kept over all of them together. */
  readonly usage: { readonly axis: Axis; readonly series: readonly Series[] } | null
  readonly states: KeyCounts
  readonly ages: readonly KeysOfAge[]
  readonly expiring: readonly KeysOfDay[]
  readonly rotations: { readonly running: KeyCount; readonly first: readonly KeyRotation[] }
  readonly attention: readonly Attention[]
}

/** Health of the server that is asked. */
export interface Health {
  readonly databaseMs: number
  /** Time since it was last certain that no change was missed; null before the first time. */
  readonly feedAgeMs: number | null
  readonly lag: Lag | null
  /** Over all servers. */
  readonly jobs: readonly (JobState & { readonly summary: string })[]
}

/** Everything at a glance. Each part reads a bounded number of rows, however many keys there are. */
export async function readOverview(db: Db, reach: Reach, now: Date): Promise<Overview> {
  const axis = axisFor({ since: addSeconds(now, -DAY_SECONDS), until: addSeconds(now, 0.001) }, now, 'hour')
  return {
    usage:
      environmentsOf(reach) === null
        ? { axis, series: await seriesOf(db, { reach }, 'outcome', axis) }
        : null,
    states: await countsFor(db, reach, {}, now),
    ages: await keysByAge(db, reach, now),
    expiring: await keysByExpiry(db, reach, now, CALENDAR_DAYS),
    rotations: await rotationsUnderWay(db, reach, now, ROTATIONS_SHOWN),
    attention: await readAttention(db, reach, now),
  }
}

async function readAttention(db: Db, reach: Reach, now: Date): Promise<Attention[]> {
  const unusedSince = addSeconds(now, -UNUSED_SECONDS)
  const live = async (filter: KeyFilter) => {
    const counts = await countsFor(db, reach, filter, now)
    return sumOf(LIVE_STATES.map((state) => counts[state]))
  }
  // Its condition costs more than the others: one walk for all states.
  const overScoped = known(await countMatching(db, reach, { overScoped: true }, now))
  const dead = await countDeadCredentials(db, reach, {
    ...{ since: addSeconds(now, -DAY_SECONDS), now },
    limit: MOST_COUNTED,
  })
  return [
    { code: 'never_used', keys: await live({ neverUsed: true }), query: { never_used: 'true' } },
    {
      code: 'unused_90_days',
      keys: await live({ unusedSince }),
      query: { unused_since: unusedSince.toISOString() },
    },
    { code: 'no_expiry', keys: await live({ noExpiry: true }), query: { no_expiry: 'true' } },
    { code: 'over_scoped', keys: overScoped, query: { over_scoped: 'true' } },
    { code: 'exposed', keys: await countExposed(db, reach, now), query: { exposed: 'true' } },
    { code: 'dead_credentials', keys: dead, query: null },
  ]
}

async function countsFor(db: Db, reach: Reach, filter: KeyFilter, now: Date): Promise<KeyCounts> {
  return known(await countKeys(db, reach, filter, now))
}

function known<T>(counts: T | typeof TOO_BROAD): T {
  if (counts === TOO_BROAD) throw new Error('only a search can be too broad')
  return counts
}
