import { type CredentialSource, SourceUnavailableError } from '../source/source.ts'
import type { QuotaAnswer, QuotaCount, QuotaSpend } from '../verdict/limits.ts'
import { type LimitHolder, type LimitState, periodAt, type QuotaPeriod } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'

/** Most spends in one request. */
export const MAX_SPENDS = 200
const MAX_WAITING = 10_000
/** A call is refused after so long, as with lookups: its client has given up. */
const MAX_WAIT_MS = 2_000
const MAX_KNOWN = 10_000
/** Memory is not used so long before the end of a period: the database's clock may be ahead of this one. */
const UNSURE_MS = 60_000

interface Waiting extends PromiseWithResolvers<QuotaAnswer> {
  readonly spend: QuotaSpend
  readonly deadline: NodeJS.Timeout
  isLate: boolean
}

/**
 * Spends quotas exactly: the source decides each time, in its database. Calls that arrive during a request are batched in
 * the next. The units spent in a period hardly ever decrease, so a quota that is known to be used up is refused here,
 * without a request.
 */
export class Quotas {
  readonly #source: CredentialSource
  #waiting: Waiting[] = []
  #isAsking = false
  /** The least that was spent, by holder, period and its end: a day and a month can end together. */
  readonly #spent = new Map<string, number>()

  constructor(source: CredentialSource) {
    this.#source = source
  }

  /** Rejects with a SourceUnavailableError where the source does not answer; at most this one spend is lost then. */
  async spend(record: CredentialRecord, cost: number, nowMs: number): Promise<QuotaAnswer> {
    const known = this.#knownCounts(record, nowMs)
    if (known.some(({ limit, spent }) => spent + cost > limit)) return { granted: false, quotas: known }
    const answer = await this.#ask({ credentialId: record.credentialId, cost })
    for (const { of, period, spent, endsAt } of answer.quotas)
      this.#remember(nameOf(record, of, period, endsAt), spent)
    return answer
  }

  /**
   * Makes spent units available again, unless their period has ended: they do not belong to the next one. Where the source
   * does not answer, they stay spent.
   *
   * @param spent the answer to the spend
   */
  async giveBack(record: CredentialRecord, cost: number, spent: QuotaAnswer, nowMs: number): Promise<void> {
    if (spent.quotas.some(({ endsAt }) => nowMs >= endsAt.getTime())) return
    try {
      const { credentialId } = record
      const { quotas } = await this.#ask({ credentialId, cost, givesBack: true })
      for (const { of, period, spent, endsAt } of quotas)
        this.#spent.set(nameOf(record, of, period, endsAt), spent)
    } catch {
      return
    }
  }

  #knownCounts(record: CredentialRecord, nowMs: number): QuotaCount[] {
    const counts: QuotaCount[] = []
    for (const holder of ['key', 'owner'] as const) {
      const quota = record.limits?.[holder].quota ?? null
      if (quota === null) continue
      const { end: endsAt } = periodAt(quota.period, new Date(nowMs))
      const spent = this.#spent.get(nameOf(record, holder, quota.period, endsAt))
      if (spent !== undefined && nowMs < endsAt.getTime() - UNSURE_MS)
        counts.push({ of: holder, ...quota, spent, endsAt })
    }
    return counts
  }

  #remember(name: string, spent: number): void {
    const before = this.#spent.get(name) ?? 0
    if (this.#spent.size >= MAX_KNOWN && !this.#spent.has(name)) {
      const [oldest] = this.#spent.keys()
      if (oldest !== undefined) this.#spent.delete(oldest)
    }
    this.#spent.set(name, Math.max(before, spent))
  }

  #ask(spend: QuotaSpend): Promise<QuotaAnswer> {
    if (this.#waiting.length >= MAX_WAITING)
      return Promise.reject(new SourceUnavailableError('too many quotas are being spent at once'))
    const waiting: Waiting = {
      ...Promise.withResolvers<QuotaAnswer>(),
      spend,
      deadline: setTimeout(() => this.#giveUp(waiting), MAX_WAIT_MS).unref(),
      isLate: false,
    }
    this.#waiting.push(waiting)
    if (!this.#isAsking) void this.#askAll()
    return waiting.promise
  }

  /** Rejects a spend in time. One under way may still be spent, for nothing; one that waits is dropped. */
  #giveUp(waiting: Waiting): void {
    waiting.isLate = true
    waiting.reject(new SourceUnavailableError('a quota cannot be spent in time'))
    // They become late in the order of arrival, so these are all.
    while (this.#waiting[0]?.isLate === true) this.#waiting.shift()
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_SPENDS)
      try {
        const answers = await this.#spendAtSource(batch.map(({ spend }) => spend))
        for (const [at, { resolve, reject, deadline }] of batch.entries()) {
          const answer = answers[at]
          clearTimeout(deadline)
          if (answer === undefined || answer instanceof Error) reject(unavailable(answer))
          else resolve(answer)
        }
      } catch (error) {
        // The spends behind it would only wait for the same failure.
        for (const { reject, deadline } of [...batch, ...this.#waiting.splice(0)]) {
          clearTimeout(deadline)
          reject(unavailable(error))
        }
      }
    }
    this.#isAsking = false
  }

  async #spendAtSource(spends: readonly QuotaSpend[]) {
    if (this.#source.spendQuotas === undefined) throw new Error('the source of records has none')
    return await this.#source.spendQuotas(spends)
  }
}

function nameOf(
  { keyId, ownerId }: CredentialRecord,
  of: LimitHolder,
  period: QuotaPeriod,
  endsAt: Date,
): string {
  return `${of === 'key' ? (keyId ?? '') : ownerId}/${period}/${endsAt.getTime()}`
}

function unavailable(cause: unknown): SourceUnavailableError {
  return cause instanceof SourceUnavailableError
    ? cause
    : new SourceUnavailableError('a quota cannot be spent', { cause })
}

/** @param nowMs milliseconds since the epoch */
export function quotaState({ of, period, limit, spent, endsAt }: QuotaCount, nowMs: number): LimitState {
  const { start } = periodAt(period, new Date(endsAt.getTime() - 1))
  return {
    kind: 'quota',
    of,
    name: period,
    limit,
    windowSeconds: (endsAt.getTime() - start.getTime()) / 1000,
    remaining: Math.max(0, limit - spent),
    resetSeconds: Math.max(1, Math.ceil((endsAt.getTime() - nowMs) / 1000)),
  }
}
