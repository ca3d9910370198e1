import type { Finding } from './measure.ts'

/** What every part is handed. */
export interface Bench {
  /** Of the maintenance database of a Postgres that is there for this run only. */
  readonly postgresUrl: string
  /** A smoke test: everything runs, nothing is measured long enough to mean something. */
  readonly quick: boolean
  /** Progress, for people. */
  say(text: string): void
}

export type Part = (bench: Bench) => Promise<readonly Finding[]>
