import { momentAt } from '../base/moment.ts'
import type { Verifier } from './verifier.ts'

/** A verifier, as a witness of one change. */
export interface Witness
  extends Pick<Verifier, 'id' | 'name' | 'kind' | 'startedAt' | 'seenAt' | 'boundMs' | 'notReporting'> {
  /** When it had applied the change, at the latest; null: it has not said that it has. */
  readonly appliedAt: Date | null
}

/** A verifier that has not said that it applied a change. */
export interface Unconfirmed {
  readonly verifier: Witness
  /** From then on it uses nothing that it cached before the change, whatever it has received; null: not known yet. */
  readonly refusesFrom: Date | null
}

/** Which verifiers have applied a change, such as the revocation of a key. */
export interface Arrival {
  /** `arrived`: every verifier refuses what the change ended. */
  readonly state: 'arriving' | 'arrived'
  /** Since when every verifier refuses it, at the latest; null: it is arriving, or no verifier is older than it. */
  readonly refusedSince: Date | null
  readonly verifiers: number
  readonly applied: number
  /** Those that started after the change: they looked everything up after it. */
  readonly startedLater: number
  readonly waiting: readonly Unconfirmed[]
  /** Those that have not confirmed it, and refuse it because their cache is too old. */
  readonly lapsed: readonly Unconfirmed[]
}

/** Clocks of two servers agree to this. A longer difference makes the moment of {@link Unconfirmed.refusesFrom} wrong by it. */
const CLOCKS_AGREE_MS = 1_000
/** The start that a verifier reports is late by the way of its report, which it gives up before this. */
const REPORT_MS = 5_000

/**
 * Tells where a change has arrived. Every statement errs on the late side:
 *
 * - A verifier has applied the change at the moment that it reported, or before.
 * - A verifier trusts its cache by the word of a server that has read every change until then. So whatever it has received
 *   or reported, `boundMs` after the commit it uses nothing that it cached before, even if it was stopped, cut off or killed.
 * - A verifier that started after the commit has looked everything up after it.
 *
 * @param at when the change was requested
 * @param committedBy when it was committed, at the latest: the first server had applied it. Null: not known yet
 */
export function arrivalOf(
  at: Date,
  committedBy: Date | null,
  witnesses: readonly Witness[],
  now: Date,
): Arrival {
  const committedMs = timeOf(committedBy)
  const refusesFrom = ({ boundMs }: Witness): number =>
    boundMs === null ? Number.POSITIVE_INFINITY : committedMs + boundMs + CLOCKS_AGREE_MS
  const isLater = ({ startedAt }: Witness) => startedAt.getTime() > committedMs + REPORT_MS

  const earlier = witnesses.filter((each) => !isLater(each))
  const [applied, unconfirmed] = partition(earlier, ({ appliedAt }) => appliedAt !== null)
  const [lapsed, waiting] = partition(unconfirmed, (each) => refusesFrom(each) <= now.getTime())
  const since = earlier.map((each) => Math.min(timeOf(each.appliedAt), refusesFrom(each)))
  const hasArrived = Number.isFinite(committedMs) && waiting.length === 0
  const toUnconfirmed = (verifier: Witness): Unconfirmed => {
    const ms = refusesFrom(verifier)
    return { verifier, refusesFrom: Number.isFinite(ms) ? momentAt(ms) : null }
  }
  return {
    state: hasArrived ? 'arrived' : 'arriving',
    refusedSince: hasArrived && since.length > 0 ? momentAt(Math.max(at.getTime(), ...since)) : null,
    verifiers: witnesses.length,
    applied: applied.length,
    startedLater: witnesses.length - earlier.length,
    waiting: waiting.map(toUnconfirmed),
    lapsed: lapsed.map(toUnconfirmed),
  }
}

function timeOf(at: Date | null): number {
  return at?.getTime() ?? Number.POSITIVE_INFINITY
}

function partition<T>(
  all: readonly T[],
  isFirst: (each: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((each) => !isFirst(each))]
}
