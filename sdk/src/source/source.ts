import type { QuotaAnswer, QuotaSpend } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import type { ChangesListener, Following } from './changes.ts'
import type { UsageBatch } from './usage-batch.ts'

/** A source of records: the Doorward server over HTTP or, inside the server, its database. */
export interface CredentialSource {
  /**
   * Returns the records of these hashes, in the same order; null where there is none. Rejects where the source does not
   * answer. A single record that cannot be read gives an Error in its own place, so that it does not affect the others.
   */
  lookup(hashes: readonly string[]): Promise<readonly (CredentialRecord | null | Error)[]>
  /**
   * Notifies the listener of every change, from the first `confirmed` on, and calls `restarted` where changes may have been
   * missed. Without it, each record is used for `maxStalenessMs`.
   */
  follow?(listener: ChangesListener): Following
  /**
   * Takes a batch of counts. The same batch may be sent again, under the same id, and counts once. Rejects with a
   * {@link BatchRefusedError} where it will never take the batch, or a part of it.
   */
  sendUsage?(batch: UsageBatch): Promise<void>
  /**
   * Spends quotas, each atomically: of all quotas of a credential, or of none. The answers are in the same order, with an
   * Error in the place of one that failed. Without this, credentials with quotas are refused with 503.
   */
  spendQuotas?(spends: readonly QuotaSpend[]): Promise<readonly (QuotaAnswer | Error)[]>
  /**
   * Returns the fault of requirements that refused this credential and can be met by none: an environment, a resource or
   * a scope that nobody declared. Null where all are declared. Counts nothing.
   */
  whyUndeclared?(asked: Requirements & { readonly hash: string }): Promise<string | null>
}

/** The requirements of an API for a credential. */
export interface Requirements {
  readonly scopes: readonly string[]
  readonly environment: string
  readonly resource: string | null
}

/** Nothing is known about a credential, because no source answered. Never a "yes" (fail closed). */
export class SourceUnavailableError extends Error {
  /** Seconds after which a retry makes sense. */
  readonly retryAfterSeconds: number

  /** @param options.retryAfterSeconds default 1 */
  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, { cause: options.cause })
    this.name = 'SourceUnavailableError'
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1
  }
}

/** This batch of usage, or a part of it, will not be taken, however often it is sent. */
export class BatchRefusedError extends Error {
  /** Verifications that were not taken, where the rest was; null where nothing was taken. */
  readonly refusedCalls: number | null

  constructor(message: string, options: { cause?: unknown; refusedCalls?: number } = {}) {
    super(message, { cause: options.cause })
    this.name = 'BatchRefusedError'
    this.refusedCalls = options.refusedCalls ?? null
  }
}
