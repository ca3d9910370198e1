import type { Clock } from '../base/clock.ts'
import { runPeriodically } from '../base/run-periodically.ts'
import type { Db } from '../db/schema.ts'
import { dateByPolicy } from './date-by-policy.ts'
import { shortenByPolicy } from './shorten-by-policy.ts'

const LOOK_EVERY_MS = 2_000

/** Brings changed policies to what exists soon after the change, until the timer is cleared. */
export function applyPeriodically(db: Db, clock: Clock, onError: (error: unknown) => void): NodeJS.Timeout {
  return runPeriodically(
    LOOK_EVERY_MS,
    [() => shortenByPolicy(db, clock.now()), () => dateByPolicy(db, clock.now())],
    onError,
  )
}
