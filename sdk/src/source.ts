import type { CredentialRecord } from './record.ts'

/** Where records come from: the Doorward server over HTTP, or inside the server, its database. */
export interface CredentialSource {
  /** The records of these hashes, in the same order; null where there is none. Rejects where it cannot tell. */
  lookup(hashes: readonly string[]): Promise<readonly (CredentialRecord | null)[]>
}

/** Nothing is known about a credential, because nobody could be asked. Never a "yes". */
export class SourceUnavailableError extends Error {
  /** Seconds after which asking again makes sense. */
  readonly retryAfterSeconds: number

  constructor(
    message: string,
    { cause, retryAfterSeconds = 1 }: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, { cause })
    this.name = 'SourceUnavailableError'
    this.retryAfterSeconds = retryAfterSeconds
  }
}
