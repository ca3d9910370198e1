import type { Finding } from './measure.ts'

/** The arguments of every part. */
export interface Bench {
  /** The maintenance database of a Postgres that exists for this run only. */
  readonly postgresUrl: string
  /** Smoke test: everything runs, too briefly for meaningful figures. */
  readonly quick: boolean
  /** Reports progress. */
  say(text: string): void
}

export type Part = (bench: Bench) => Promise<readonly Finding[]>
