import { performance } from 'node:perf_hooks'
import { isCredentialHash, isWellFormed, mayBeCredential } from '../credential/credential.ts'
import { digestCredential, digestOfHex } from '../credential/digest.ts'
import { createMeasure, type Measure } from '../limits/how-much.ts'
import { memoryLimiter } from '../limits/memory-limiter.ts'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import type { ChangedHolders, ChangesListener } from '../source/changes.ts'
import type { CredentialSource } from '../source/source.ts'
import { type Outcome, sameScopes, type UsageCounter } from '../source/usage.ts'
import { type Ask, judge, type Verdict, whyNot } from '../verdict/judge.ts'
import type { RecordLimits } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import { type CacheLimits, MAX_STALENESS_MS, MISSING, NOBODYS, RecordCache } from './cache.ts'
import { Lookups } from './lookups.ts'
import { UsageByPlace } from './usage-by-place.ts'

export interface VerifierOptions extends CacheLimits {
  readonly source: CredentialSource
  /** Counts what is verified; without it nothing is counted. */
  readonly usage?: UsageCounter | undefined
  /**
   * For how long an answer that is too old may still be used while the source cannot be asked, in ms. A choice of
   * staying open over staying safe: a key that was revoked in that time is accepted. Default 0: refuse with 503.
   */
  readonly staleIfUnreachableMs?: number | undefined
  /** Hears of each answer that was used though it was too old. */
  readonly onStale?: ((error: unknown) => void) | undefined
  /** Counts rate limits. Default: this process alone, in memory. */
  readonly limiter?: RateLimiter | undefined
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Milliseconds on a clock that only goes forward. Default `performance.now`, or `now` where that is given. */
  readonly steady?: (() => number) | undefined
}

/** What is known of the call besides what it asks for. */
export interface CallFacts {
  readonly userAgent?: string | null | undefined
  /** What it takes of the credential's limits, in units. Default 1; 0 is not counted and not limited. */
  readonly cost?: number | undefined
  /** Judges without a look at limits, and counts nothing. */
  readonly dryRun?: boolean | undefined
  /**
   * The same call was accepted already, when it was asked for these scopes: it is not counted again, but moved to what
   * becomes of it now. `cost` is what it takes besides.
   */
  readonly acceptedFor?: readonly string[] | undefined
}

/** How a verifier is doing, for the metrics of the process that it is in. */
export interface VerifierHealth {
  /** Credentials whose record is kept, unknown ones included, and about how many bytes that takes. */
  readonly cached: number
  readonly cachedBytes: number
  /** How long ago it was last certain that no change was missed, in ms; null before the first time, or without a feed. */
  readonly confirmedAgoMs: number | null
  /** The longest that a revoked credential can still be accepted, in ms, whatever breaks. */
  readonly boundMs: number
  /** Hashes that are being asked for. */
  readonly lookingUp: number
  /**
   * How often all that was kept was dropped since the start, because changes may have been missed: the first time that
   * changes were followed, after a long gap, and where the server's database has another history than before.
   */
  readonly restarts: number
}

export interface Verifier {
  /**
   * Well-formed → known → alive → here → allowed → how much. At once where the record is in the cache and has no quota,
   * else after one lookup.
   * The text is hashed and dropped. Rejects with a SourceUnavailableError where the source cannot tell; nothing is
   * ever valid by default.
   */
  verify(text: string, ask: Ask, call?: CallFacts): Verdict | Promise<Verdict>
  /** The same for who has the hash (64 hex digits) and not the credential. */
  verifyHash(hash: string, ask: Ask, call?: CallFacts): Verdict | Promise<Verdict>
  /** Has everything asked for anew. */
  forgetAll(): void
  health(): VerifierHealth
  /** Stops following changes. */
  close(): void
}

const NO_FACTS: CallFacts = {}
const MALFORMED: Verdict = { valid: false, refusal: { reason: 'malformed' } }
const PADDED: Verdict = { valid: false, refusal: { reason: 'malformed', isPadded: true } }
/** Longer texts are not searched for what is wrong with them. */
const MAX_PADDED_LENGTH = 1_000

/** After a gap as long as this in what the source tells, what was kept from before is asked for anew. */
const LONG_GAP_MS = 60_000
/** How long a source that failed is taken for unreachable by who may use old answers. */
const UNREACHABLE_FOR_MS = 1_000

/** Verifies in this process: no I/O while the record is fresh, and no verdict older than `maxStalenessMs`. */
export function createVerifier(options: VerifierOptions): Verifier {
  const { source, usage, staleIfUnreachableMs = 0, onStale, limiter, now = Date.now, ...limits } = options
  const steady = options.steady ?? options.now ?? (() => performance.now())
  if (!(staleIfUnreachableMs >= 0)) throw new RangeError('staleIfUnreachableMs must be 0 or more')
  const cache = new RecordCache(limits)
  const counts = usage && new UsageByPlace(usage, cache)
  const measure = createMeasure(limiter ?? memoryLimiter(steady), source)
  const keep = (digest: string, record: CredentialRecord | null, askedAtMs: number) =>
    cache.set(digest, record, askedAtMs)
  const lookups = new Lookups(source, steady, keep, limits.maxStalenessMs)
  let confirmedAtMs = Number.NEGATIVE_INFINITY
  let restarts = 0
  let unreachableUntilMs = Number.NEGATIVE_INFINITY
  // One clock is read per verification. What it is behind the clock on the wall is looked at each time that somebody
  // is asked or tells something, which is every few seconds at the least.
  let wallAheadMs = now() - steady()

  /** @param credentialId null for a credential that nobody knows */
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

  /** Whether a call that was accepted `before` is counted as it should. Where it was delivered, only a refusal is one more. */
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

  /** Cheaper than {@link count}, and only for a place that was found in this same turn: see {@link RecordCache.find}. */
  const countAt = (verdict: Verdict, place: number, ask: Ask, call: CallFacts, nowMs: number): void => {
    if (call.acceptedFor === undefined)
      counts?.note(place, outcomeOf(verdict), ask, call.userAgent ?? null, nowMs)
    else {
      counts?.settle(place)
      count(verdict, cache.credentialIdAt(place), ask, call, nowMs)
    }
  }

  /** What becomes of a call that is allowed, by its limits. */
  const within = (
    allowed: Verdict & { valid: true },
    { refusal, limits, giveBack = () => {} }: Measure,
  ): Verdict =>
    refusal === null
      ? { ...allowed, limits, giveBack: () => giveBack(now()) }
      : { valid: false, refusal, limits }

  /** Counts by id and has no place in its reach: while the limits were asked, another credential may have taken it. */
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
    place = MISSING,
  ): Verdict | Promise<Verdict> => {
    let verdict = judge(record, ask, nowMs)
    if (call.dryRun === true) return verdict
    // The last stage, for the few that have limits.
    if (verdict.valid && hasLimits(record) && call.cost !== 0) {
      if (place >= 0 && call.acceptedFor !== undefined) counts?.settle(place)
      const measured = measure(record, record.limits, call.cost ?? 1, nowMs)
      if (measured instanceof Promise)
        return settleLater(measured, verdict, record.credentialId, ask, call, nowMs)
      verdict = within(verdict, measured)
    }
    if (place >= 0) countAt(verdict, place, ask, call, nowMs)
    else count(verdict, record === null ? null : record.credentialId, ask, call, nowMs)
    return verdict
  }

  /** The same for what is in the cache, judged where it lies: to make a record of it would cost as much again. */
  const decideAt = (place: number, ask: Ask, call: CallFacts, nowMs: number): Verdict | Promise<Verdict> => {
    if (place === NOBODYS) return decide(null, ask, call, nowMs)
    const profile = cache.profileAt(place)
    if (profile.limits !== null) return decide(cache.recordAt(place), ask, call, nowMs, place)
    const refusal = whyNot(profile, cache.endedAt(place, nowMs), ask)
    const verdict: Verdict =
      refusal === null ? { valid: true, principal: cache.principalAt(place) } : { valid: false, refusal }
    if (call.dryRun !== true) countAt(verdict, place, ask, call, nowMs)
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
      // Looked at now: while the source was asked, a change may have been heard that ended or narrowed it.
      const last = kept()
      if (last === undefined) throw error
      unreachableUntilMs = steady() + UNREACHABLE_FOR_MS
      onStale?.(error)
      return decide(last, ask, call, now())
    }
  }

  const dropAll = (): void => {
    cache.clear()
    lookups.outdate(null)
  }
  const dropOf = (holders: ChangedHolders): void => {
    cache.outdate(holders)
    const [owners, clients] = [new Set(holders.ownerIds), new Set<string | null>(holders.clientIds)]
    lookups.outdateWhere(({ ownerId, clientId }) => owners.has(ownerId) || clients.has(clientId))
  }
  const listener: ChangesListener = {
    changed: ({ hashes, holders, ended }) => {
      if (hashes === null) return holders == null ? dropAll() : dropOf(holders)
      for (const hash of hashes) {
        const digest = digestOfHex(hash)
        if (ended === null) cache.forget(digest)
        else cache.end(digest, ended)
        lookups.outdate(digest)
      }
    },
    confirmed: (saidAtMs) => {
      const nowMs = steady()
      const atMs = Math.min(saidAtMs, nowMs)
      if (Number.isFinite(confirmedAtMs) && atMs - confirmedAtMs > LONG_GAP_MS) listener.restarted()
      confirmedAtMs = Math.max(confirmedAtMs, atMs)
      cache.confirm(atMs, nowMs)
      wallAheadMs = now() - nowMs
    },
    restarted: () => {
      restarts += 1
      dropAll()
    },
  }
  const following = source.follow?.(listener)

  return {
    verify: (text, ask, call = NO_FACTS) => {
      if (!mayBeCredential(text)) return malformed(text)
      const digest = digestCredential(text)
      const steadyMs = steady()
      const place = cache.find(digest, steadyMs)
      if (place !== MISSING) return decideAt(place, ask, call, steadyMs + wallAheadMs)
      // The checksum only saves a question: what is in the cache needs none.
      return isWellFormed(text) ? verifyUnknown(digest, ask, call) : malformed(text)
    },
    verifyHash: (hash, ask, call = NO_FACTS) => {
      if (!isCredentialHash(hash)) return MALFORMED
      const digest = digestOfHex(hash)
      const steadyMs = steady()
      const place = cache.find(digest, steadyMs)
      return place === MISSING
        ? verifyUnknown(digest, ask, call)
        : decideAt(place, ask, call, steadyMs + wallAheadMs)
    },
    forgetAll: dropAll,
    health: () => ({
      cached: cache.size,
      cachedBytes: cache.bytes,
      confirmedAgoMs: Number.isFinite(confirmedAtMs) ? steady() - confirmedAtMs : null,
      boundMs: (limits.maxStalenessMs ?? MAX_STALENESS_MS) + staleIfUnreachableMs,
      lookingUp: lookups.waiting,
      restarts,
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
