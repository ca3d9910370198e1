import type { QuotaAnswer, QuotaSpend } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import type { ChangesListener, Following } from './changes.ts'
import type { UsageBatch } from './usage-batch.ts'

/** Where records come from: the Doorward server over HTTP, or inside the server, its database. */
export interface CredentialSource {
  /**
   * The records of these hashes, in the same order; null where there is none. Rejects where it cannot tell, and gives
   * an Error in the place of a single record that it cannot read, so that one does not shut out the others.
   */
  lookup(hashes: readonly string[]): Promise<readonly (CredentialRecord | null | Error)[]>
  /**
   * Tells of every change, from the first `confirmed` on; without it answers are used for `maxStalenessMs` each. Where
   * something may have been missed, and what was looked up before may be untrue, it says `restarted`.
   */
  follow?(listener: ChangesListener): Following
  /**
   * Takes what was counted. A batch may come again, under the same id, and counts once. Rejects with a
   * {@link BatchRefusedError} what it would never take, and says in it where the rest was taken.
   */
  sendUsage?(batch: UsageBatch): Promise<void>
  /**
   * Spends quotas, each as one act: of all quotas of a credential, or of none. The answers in the same order, with an
   * Error in the place of one that cannot be told. Without this, credentials with quotas are refused with 503.
   */
  spendQuotas?(spends: readonly QuotaSpend[]): Promise<readonly (QuotaAnswer | Error)[]>
}

/** Nothing is known about a credential, because nobody could be asked. Never a "yes". */
export class SourceUnavailableError extends Error {
  /** Seconds after which asking again makes sense. */
  readonly retryAfterSeconds: number

  /** @param options.retryAfterSeconds default 1 */
  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, { cause: options.cause })
    this.name = 'SourceUnavailableError'
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1
  }
}

/** This batch of usage, or some of what is in it, will not be taken, however often it comes. */
export class BatchRefusedError extends Error {
  /** Verifications that were not taken where the rest was; null where nothing was. */
  readonly refusedCalls: number | null

  constructor(message: string, options: { cause?: unknown; refusedCalls?: number } = {}) {
    super(message, { cause: options.cause })
    this.name = 'BatchRefusedError'
    this.refusedCalls = options.refusedCalls ?? null
  }
}
