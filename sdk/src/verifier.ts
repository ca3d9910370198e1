import { type CacheLimits, RecordCache } from './cache.ts'
import { hashCredential, isCredentialHash, isWellFormed } from './credential.ts'
import { type Ask, judge, type Verdict } from './judge.ts'
import { Lookups } from './lookups.ts'
import type { CredentialRecord } from './record.ts'
import type { CredentialSource } from './source.ts'
import type { UsageCounter } from './usage.ts'

export interface VerifierOptions extends CacheLimits {
  readonly source: CredentialSource
  /** Counts what is verified; without it nothing is counted. */
  readonly usage?: UsageCounter | undefined
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

/** What is known of the call besides what it asks for. */
export interface CallFacts {
  readonly userAgent?: string | null | undefined
  /** Judges, and counts nothing. */
  readonly dryRun?: boolean | undefined
}

export interface Verifier {
  /**
   * Well-formed → known → alive → here → allowed. At once where the record is in the cache, else after one lookup.
   * The text is hashed and dropped. Rejects with a SourceUnavailableError where the source cannot tell; nothing is
   * ever valid by default.
   */
  verify(text: string, ask: Ask, call?: CallFacts): Verdict | Promise<Verdict>
  /** The same for who has the hash (64 hex digits) and not the credential. */
  verifyHash(hash: string, ask: Ask, call?: CallFacts): Verdict | Promise<Verdict>
  /** Drops everything cached; answers under way are used once and not kept. */
  forgetAll(): void
}

const NO_FACTS: CallFacts = {}
const MALFORMED: Verdict = { valid: false, refusal: { reason: 'malformed' } }

/** Verifies in this process: no I/O while the record is fresh, and no verdict older than `maxStalenessMs`. */
export function createVerifier({ source, usage, now = Date.now, ...limits }: VerifierOptions): Verifier {
  const cache = new RecordCache(limits)
  const lookups = new Lookups(source, now, (hash, record, askedAtMs) => cache.set(hash, record, askedAtMs))

  const decide = (record: CredentialRecord | null, ask: Ask, call: CallFacts): Verdict => {
    const nowMs = now()
    const verdict = judge(record, ask, nowMs)
    if (usage !== undefined && record !== null && call.dryRun !== true) {
      const outcome = verdict.valid ? 'accepted' : verdict.refusal.reason
      usage.note(
        { credentialId: record.credentialId, outcome, ip: ask.clientIp, userAgent: call.userAgent ?? null },
        nowMs,
      )
    }
    return verdict
  }

  const verifyKnown = (hash: string, ask: Ask, call: CallFacts): Verdict | Promise<Verdict> => {
    const record = cache.get(hash, now())
    if (record !== undefined) return decide(record, ask, call)
    return lookups.record(hash).then((found) => decide(found, ask, call))
  }

  return {
    verify: (text, ask, call = NO_FACTS) =>
      isWellFormed(text) ? verifyKnown(hashCredential(text), ask, call) : MALFORMED,
    verifyHash: (hash, ask, call = NO_FACTS) =>
      isCredentialHash(hash) ? verifyKnown(hash, ask, call) : MALFORMED,
    forgetAll: () => {
      lookups.forget()
      cache.clear()
    },
  }
}
