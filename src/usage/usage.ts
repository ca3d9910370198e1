import { addSeconds } from '../base/clock.ts'
import { momentAt } from '../base/moment.ts'

/** Grains of the counts, finest first. Days are in UTC. */
export const GRAINS = ['minute', 'hour', 'day'] as const
export type Grain = (typeof GRAINS)[number]

export const GRAIN_SECONDS: Readonly<Record<Grain, number>> = { minute: 60, hour: 3600, day: 24 * 3600 }

/**
 * For how long counts keep each grain; then they are added up to the next, and after the last they are gone.
 * - Minutes for a day: what one looks at when something goes wrong is today, and minutes are most of the rows.
 * - Hours for 30 days: long enough for the times of day and the days of the week to show, and for a billing month.
 * - Days for 400: a year, and the same month of the last one beside it.
 */
export const KEPT_SECONDS: Readonly<Record<Grain, number>> = {
  minute: 24 * 3600,
  hour: 30 * 24 * 3600,
  day: 400 * 24 * 3600,
}

/**
 * Under this instead of a secret's id stand all well-formed credentials that nobody knows. One name, so that whoever
 * makes them up makes no rows.
 */
export const UNKNOWN = 'unknown'

/** And under this, all verifications together, so that the whole need not be added up from each credential's rows. */
export const ALL = 'all'

/** And under this, those of all keys of one owner, for the same reason. No credential's id has a colon. */
export function underOwner(ownerId: string): string {
  return `owner:${ownerId}`
}

/** A stretch of time, whole buckets of a grain: from `since` on, before `until`. */
export interface Window {
  readonly grain: Grain
  readonly since: Date
  readonly until: Date
}

/** The beginning of the minute, hour or day that a moment is in. */
export function startOf(grain: Grain, at: Date): Date {
  const ms = GRAIN_SECONDS[grain] * 1000
  return momentAt(Math.floor(at.getTime() / ms) * ms)
}

/** The first beginning that is not before a moment. */
export function nextStartOf(grain: Grain, at: Date): Date {
  const ms = GRAIN_SECONDS[grain] * 1000
  return momentAt(Math.ceil(at.getTime() / ms) * ms)
}

/** The next coarser grain of counts that are too old for theirs; null: they are removed. */
export function coarserThan(grain: Grain): Grain | null {
  return GRAINS[GRAINS.indexOf(grain) + 1] ?? null
}

/** Buckets of a grain that began before this are too old for it. Whole ones of the next grain, so that none is split. */
export function outdatedBefore(grain: Grain, now: Date): Date {
  return startOf(coarserThan(grain) ?? grain, addSeconds(now, -KEPT_SECONDS[grain]))
}
