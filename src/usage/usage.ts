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
