import { addSeconds } from '../base/clock.ts'
import { momentAt } from '../base/moment.ts'

/** Grains of the counts, finest first. Days are in UTC. */
export const GRAINS = ['minute', 'hour', 'day'] as const
export type Grain = (typeof GRAINS)[number]

export const GRAIN_SECONDS: Readonly<Record<Grain, number>> = { minute: 60, hour: 3600, day: 24 * 3600 }

/**
 * Retention of each grain; then the roll-up moves counts to the next one, and after the last deletes them.
 * - Minutes for a day: an incident is about today, and minutes are most of the rows.
 * - Hours for 30 days: enough to show times of day and days of the week, and for a billing month.
 * - Days for 400: a year, with the same month of the last one beside it.
 */
export const KEPT_SECONDS: Readonly<Record<Grain, number>> = {
  minute: 24 * 3600,
  hour: 30 * 24 * 3600,
  day: 400 * 24 * 3600,
}

/**
 * Stands in for the id of all well-formed but unknown credentials. One name, so that made-up credentials do not make
 * rows.
 */
export const UNKNOWN = 'unknown'

/** Id of the total of all verifications, so that it need not be summed from each credential's rows. */
export const ALL = 'all'

/** Id of the total of one owner's keys, for the same reason. No credential id contains a colon. */
export function underOwner(ownerId: string): string {
  return `owner:${ownerId}`
}

/** Id of the sums by scope over one owner's keys. */
export function byScopeUnder(ownerId: string): string {
  return `scopes:${ownerId}`
}

/** Outcomes of a credential that has ended or is stopped: whoever presents it has not noticed. */
export const DEAD_OUTCOMES = ['revoked', 'rotated', 'expired', 'owner_suspended', 'disabled'] as const
export type DeadOutcome = (typeof DEAD_OUTCOMES)[number]

/** Addresses kept of each secret: the latest. */
export const ADDRESSES_OF_SECRET = 5

/** A part of a batch, in the form in which it is stored. */
export interface Counted {
  readonly credentialId: string
  readonly bucket: Date
  readonly outcome: string
  readonly scope: string
  readonly count: number
  readonly calls: number
  readonly lastAt: Date
  readonly lastIp: string | null
  readonly lastUserAgent: string | null
}

/** The key that a secret belongs to. */
export interface KeyOfSecret {
  readonly keyId: string
  readonly ownerId: string
}

/** Half-open range of whole buckets of a grain: from `since`, before `until`. */
export interface Window {
  readonly grain: Grain
  readonly since: Date
  readonly until: Date
}

/** Start of the minute, hour or day that contains a moment. */
export function startOf(grain: Grain, at: Date): Date {
  const ms = GRAIN_SECONDS[grain] * 1000
  return momentAt(Math.floor(at.getTime() / ms) * ms)
}

/** First start of a bucket that is not before a moment. */
export function nextStartOf(grain: Grain, at: Date): Date {
  const ms = GRAIN_SECONDS[grain] * 1000
  return momentAt(Math.ceil(at.getTime() / ms) * ms)
}

/** Next coarser grain, for counts that are too old for theirs; null: they are deleted. */
export function coarserThan(grain: Grain): Grain | null {
  return GRAINS[GRAINS.indexOf(grain) + 1] ?? null
}

/** Start before which buckets are too old for a grain. On a boundary of the next grain, so that none is split. */
export function outdatedBefore(grain: Grain, now: Date): Date {
  return startOf(coarserThan(grain) ?? grain, addSeconds(now, -KEPT_SECONDS[grain]))
}

/** A chart has at most so many points on its axis of time, and so many series; the rest is added up in one. */
export const MAX_POINTS = 120
export const MAX_SERIES = 20

const STEPS = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600] as const
/** The first Monday: weeks begin on it, and each shorter step fits into a day. */
const FIRST_MONDAY_MS = 4 * 24 * 3600 * 1000

/** The axis of time of a chart: `points` steps from `since` on. */
export interface Axis {
  readonly since: Date
  readonly until: Date
  readonly stepSeconds: number
  readonly points: number
}

/**
 * The axis for a range: the shortest step with few enough points in which the counts of the whole range are still kept, so
 * that none is split.
 */
export function axisFor(range: Pick<Window, 'since' | 'until'>, now: Date, finest: Grain = 'minute'): Axis {
  const { since, until } = range
  const kept = GRAINS.find((grain) => since >= outdatedBefore(grain, now)) ?? 'day'
  const least = Math.max(GRAIN_SECONDS[kept], GRAIN_SECONDS[finest])
  const seconds = (until.getTime() - since.getTime()) / 1000
  const stepSeconds =
    STEPS.find((step) => step >= least && seconds / step <= MAX_POINTS - 2) ?? STEPS[STEPS.length - 1] ?? 0
  const ms = stepSeconds * 1000
  const first = Math.floor((since.getTime() - FIRST_MONDAY_MS) / ms)
  const points = Math.max(1, Math.ceil((until.getTime() - FIRST_MONDAY_MS) / ms) - first)
  const at = (place: number) => momentAt(FIRST_MONDAY_MS + (first + place) * ms)
  return { since: at(0), until: at(points), stepSeconds, points }
}
