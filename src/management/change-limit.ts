import type { Clock } from '../base/clock.ts'
import { FixedWindowLimiter } from '../base/fixed-window-limiter.ts'
import { type Problem, problem } from '../http/problem.ts'
import { type Caller, ownerOf } from './caller.ts'
import type { Needs } from './operation.ts'

/** Unless the operator sets another number. */
export const CHANGES_PER_MINUTE = 600

const MINUTE_MS = 60_000

/**
 * Limits the changes that credentials of one owner make, all of them together: each change is a row of the audit log,
 * which nobody can delete, and a notification of every verifier. Credentials for all owners have no limit, and what a
 * credential may do to itself has limits of its own. Kept per server.
 */
export class ChangeLimit {
  readonly #limiter: FixedWindowLimiter

  constructor(clock: Pick<Clock, 'steadyMs'>, perMinute: number = CHANGES_PER_MINUTE) {
    this.#limiter = new FixedWindowLimiter(clock, { most: perMinute, windowMs: MINUTE_MS })
  }

  /** Counts one change. @returns why it is refused, or null */
  count({ reach }: Caller, { permission }: Needs): Problem | null {
    const ownerId = ownerOf(reach)
    if (ownerId === null || permission.startsWith('self:')) return null
    const seconds = this.#limiter.count(ownerId)
    if (seconds === null) return null
    const detail = `This owner's credentials make too many changes. Try again in ${seconds} seconds.`
    return problem('too_many_requests', detail, { retryAfterSeconds: seconds })
  }
}
