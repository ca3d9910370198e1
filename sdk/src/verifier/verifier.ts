import { performance } from 'node:perf_hooks'
import { isCredentialHash, isWellFormed, mayBeCredential } from '../credential/credential.ts'
import { digestCredential, digestOfHex } from '../credential/digest.ts'
import { createMeasure, type Measure } from '../limits/how-much.ts'
import { memoryLimiter } from '../limits/memory-limiter.ts'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import type { CredentialSource } from '../source/source.ts'
import type { UsageCounter } from '../source/usage.ts'
import { type Outcome, sameScopes } from '../source/usage-batch.ts'
import { type Ask, judge, type Verdict, whyNot } from '../verdict/judge.ts'
import type { RecordLimits } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import { applyChanges } from './apply-changes.ts'
import { MISSING, RecordCache, UNKNOWN } from './cache.ts'
import { type CacheLimits, MAX_STALENESS_MS } from './cache-limits.ts'
import type { Slot } from './digest-table.ts'
import { Lookups } from './lookups.ts'
import { UsageBySlot } from './usage-by-slot.ts'

export interface VerifierOptions extends CacheLimits {
  readonly source: CredentialSource
  /** Counts verifications. Default: they are not counted. */
  readonly usage?: UsageCounter | undefined
  /**
   * Additional use of a record that is too old while the source is unreachable, in ms. Fails open instead of closed: a
   * key that was revoked in that time is accepted. Default 0: refuse with 503.
   */
  readonly staleIfUnreachableMs?: number | undefined
  /** Called each time that a record is used although it is too old. */
  readonly onStale?: ((error: unknown) => void) | undefined
  /** Counts rate limits. Default: in the memory of this process. */
  readonly limiter?: RateLimiter | undefined
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Milliseconds on a monotonic clock. Default `performance.now`, or `now` where that is given. */
  readonly steady?: (() => number) | undefined
}

/** Facts about a call besides its {@link Ask}. */
export interface CallFacts {
  readonly userAgent?: string | null | undefined
  /** Units that the call takes of the credential's limits. Default 1; 0 is not limited. */
  readonly cost?: number | undefined
  /** Judges without checking limits, and counts nothing. */
  readonly dryRun?: boolean | undefined
  /**
   * The scopes for which the same call was accepted before. It is not counted again, but moves to its new outcome;
   * `cost` is what it takes in addition.
   */
  readonly acceptedFor?: readonly string[] | undefined
}

/** The state of a verifier, for the metrics of its process. */
export interface VerifierHealth {
  /** Cached records, unknown hashes included, and about how many bytes they take. */
  readonly cached: number
  readonly cachedBytes: number
  /** Time since it was last certain that no change was missed, in ms; null before the first time, or without a feed. */
  readonly confirmedAgoMs: number | null
  /** The longest time that a revoked credential can still be accepted, in ms, whatever breaks. */
  readonly boundMs: number
  /** Hashes that are being looked up. */
  readonly lookingUp: number
  /**
   * The number of times that the whole cache was dropped since the start, because changes may have been missed: when
   * the feed was first followed, after a long gap, and where the server's database has another history than before.
   */
  readonly restarts: number
}

export interface Verifier {
  /**
   * Well-formed → known → alive → here → allowed → how much. Returns at once where the record is in the cache and has no
   * quota, else after one lookup. The text is hashed and dropped. Rejects with a SourceUnavailableError where the source
   * does not answer: no credential is valid by default.
   */
  verify(text: string, ask: Ask, call?: CallFacts): Verdict | Promise<Verdict>
  /** Verifies by the hash of a credential, 64 hex digits. */
  verifyHash(hash: string, ask: Ask, call?: CallFacts): Verdict | Promise<Verdict>
  /** Drops the cache, so that every record is looked up again. */
  forgetAll(): void
  health(): VerifierHealth
  /** Stops following changes. Resolves once the source knows that this verifier has stopped. */
  close(): void | Promise<void>
}

const NO_FACTS: CallFacts = {}
const MALFORMED: Verdict = { valid: false, refusal: { reason: 'malformed' } }
const PADDED: Verdict = { valid: false, refusal: { reason: 'malformed', isPadded: true } }
/** Longer texts are not searched for blanks around them. */
const MAX_PADDED_LENGTH = 1_000

/** After a failure, old answers are used for so long without asking the source, where `staleIfUnreachableMs` allows it. */
const UNREACHABLE_FOR_MS = 1_000

/** Creates a verifier for this process: no I/O while a record is fresh, and no verdict older than `maxStalenessMs`. */
export function createVerifier(options: VerifierOptions): Verifier {
  const { source, usage, staleIfUnreachableMs = 0, onStale, limiter, now = Date.now, ...limits } = options
  const steady = options.steady ?? options.now ?? (() => performance.now())
  if (!(staleIfUnreachableMs >= 0)) throw new RangeError('staleIfUnreachableMs must be 0 or more')
  const cache = new RecordCache(limits)
  const counts = usage && new UsageBySlot(usage, cache)
  const measure = createMeasure(limiter ?? memoryLimiter(steady), source)
  const keep = (digest: string, record: CredentialRecord | null, askedAtMs: number) =>
    cache.set(digest, record, askedAtMs)
  const lookups = new Lookups(source, steady, keep, limits.maxStalenessMs)
  let unreachableUntilMs = Number.NEGATIVE_INFINITY
  // One clock is read per verification. Its distance to the wall clock is measured at each lookup and confirmation, which
  // is every few seconds at the least.
  let wallAheadMs = now() - steady()

  /** @param credentialId null for a credential that does not exist */
  const count = (
    verdict: Verdict,
    credentialId: string | null,
    ask: Ask,
    call: CallFacts,
    nowMs: number,
  ): void => {
    const outcome = outcomeOf(verdict)
    if (call.acceptedFor !== undefined && isCounted(outcome, call.acceptedFor, credentialId, ask)) return
    usage?.note(credentialId, outcome, ask.scopes, ask.clientIp, call.userAgent ?? null, nowMs)
  }

  /** Tells if a call accepted `before` is counted as it should be. Once its count was delivered, only a refusal counts again. */
  const isCounted = (
    outcome: Outcome,
    before: readonly string[],
    credentialId: string | null,
    ask: Ask,
  ): boolean => {
    if (outcome === 'accepted' && sameScopes(before, ask.scopes)) return true
    const isHere = credentialId !== null && usage?.uncount(credentialId, before) === true
    return !isHere && outcome === 'accepted'
  }

  /** Cheaper than {@link count}, and only for a slot found in the same turn: see {@link RecordCache.find}. */
  const countAt = (verdict: Verdict, slot: Slot, ask: Ask, call: CallFacts, nowMs: number): void => {
    if (call.acceptedFor === undefined)
      counts?.note(slot, outcomeOf(verdict), ask, call.userAgent ?? null, nowMs)
    else {
      counts?.settle(slot)
      count(verdict, cache.credentialIdAt(slot), ask, call, nowMs)
    }
  }

  /** The verdict on a call that is allowed, once its limits were measured. */
  const within = (
    allowed: Verdict & { valid: true },
    { refusal, limits, giveBack = () => {} }: Measure,
  ): Verdict =>
    refusal === null
      ? { ...allowed, limits, giveBack: () => giveBack(now()) }
      : { valid: false, refusal, limits }

  /** Counts by id, without a slot: while the limits were measured, another credential may have taken it. */
  const settleLater = async (
    measuring: Promise<Measure>,
    allowed: Verdict & { valid: true },
    credentialId: string,
    ask: Ask,
    call: CallFacts,
    nowMs: number,
  ): Promise<Verdict> => {
    const verdict = within(allowed, await measuring)
    count(verdict, credentialId, ask, call, nowMs)
    return verdict
  }

  const decide = (
    record: CredentialRecord | null,
    ask: Ask,
    call: CallFacts,
    nowMs: number,
    slot: Slot = MISSING,
  ): Verdict | Promise<Verdict> => {
    let verdict = judge(record, ask, nowMs)
    if (call.dryRun === true) return verdict
    // The last step, for the few credentials that have limits.
    if (verdict.valid && hasLimits(record) && call.cost !== 0) {
      if (slot >= 0 && call.acceptedFor !== undefined) counts?.settle(slot)
      const measured = measure(record, record.limits, call.cost ?? 1, nowMs)
      if (measured instanceof Promise)
        return settleLater(measured, verdict, record.credentialId, ask, call, nowMs)
      verdict = within(verdict, measured)
    }
    if (slot >= 0) countAt(verdict, slot, ask, call, nowMs)
    else count(verdict, record === null ? null : record.credentialId, ask, call, nowMs)
    return verdict
  }

  const acceptedAt = (slot: Slot): Verdict => {
    const principal = cache.principalAt(slot)
    const retiresAt = cache.retiresAt(slot)
    return retiresAt === null ? { valid: true, principal } : { valid: true, principal, retiresAt }
  }

  /** Fast path: judges a cached record in its slot, since building a record would cost as much again. */
  const decideAt = (slot: Slot, ask: Ask, call: CallFacts, nowMs: number): Verdict | Promise<Verdict> => {
    if (slot === UNKNOWN) return decide(null, ask, call, nowMs)
    const profile = cache.profileAt(slot)
    if (profile.limits !== null) return decide(cache.recordAt(slot), ask, call, nowMs, slot)
    const refusal = whyNot(profile, cache.endedAt(slot, nowMs), ask)
    const verdict: Verdict = refusal === null ? acceptedAt(slot) : { valid: false, refusal }
    if (call.dryRun !== true) countAt(verdict, slot, ask, call, nowMs)
    return verdict
  }

  const verifyUnknown = async (digest: string, ask: Ask, call: CallFacts): Promise<Verdict> => {
    wallAheadMs = now() - steady()
    const kept = () =>
      staleIfUnreachableMs > 0 ? cache.get(digest, steady(), staleIfUnreachableMs) : undefined
    const old = steady() < unreachableUntilMs ? kept() : undefined
    if (old !== undefined) return decide(old, ask, call, now())
    try {
      const record = await lookups.record(digest)
      return decide(record, ask, call, now(), record === null ? MISSING : cache.find(digest, steady()))
    } catch (error) {
      // Read again: during the lookup, a change may have ended or narrowed it.
      const last = kept()
      if (last === undefined) throw error
      unreachableUntilMs = steady() + UNREACHABLE_FOR_MS
      onStale?.(error)
      return decide(last, ask, call, now())
    }
  }

  const boundMs = (limits.maxStalenessMs ?? MAX_STALENESS_MS) + staleIfUnreachableMs
  const noteConfirmed = (steadyMs: number): void => {
    wallAheadMs = now() - steadyMs
  }
  const changes = applyChanges(cache, lookups, steady, noteConfirmed, boundMs)
  const following = source.follow?.(changes.listener)

  return {
    verify: (text, ask, call = NO_FACTS) => {
      if (!mayBeCredential(text)) return malformed(text)
      const digest = digestCredential(text)
      const steadyMs = steady()
      const slot = cache.find(digest, steadyMs)
      if (slot !== MISSING) return decideAt(slot, ask, call, steadyMs + wallAheadMs)
      // The checksum only saves a lookup, so a cached credential is not checked.
      return isWellFormed(text) ? verifyUnknown(digest, ask, call) : malformed(text)
    },
    verifyHash: (hash, ask, call = NO_FACTS) => {
      if (!isCredentialHash(hash)) return MALFORMED
      const digest = digestOfHex(hash)
      const steadyMs = steady()
      const slot = cache.find(digest, steadyMs)
      return slot === MISSING
        ? verifyUnknown(digest, ask, call)
        : decideAt(slot, ask, call, steadyMs + wallAheadMs)
    },
    forgetAll: changes.dropAll,
    health: () => ({
      cached: cache.size,
      cachedBytes: cache.bytes,
      confirmedAgoMs: Number.isFinite(changes.confirmedAtMs) ? steady() - changes.confirmedAtMs : null,
      boundMs,
      lookingUp: lookups.waiting,
      restarts: changes.restarts,
    }),
    close: () => following?.close(),
  }
}

function malformed(text: string): Verdict {
  return text.length > MAX_PADDED_LENGTH || text === text.trim() ? MALFORMED : PADDED
}

function outcomeOf(verdict: Verdict): Outcome {
  return verdict.valid ? 'accepted' : verdict.refusal.reason
}

function hasLimits(record: CredentialRecord | null): record is CredentialRecord & { limits: RecordLimits } {
  return record !== null && record.limits !== null
}
