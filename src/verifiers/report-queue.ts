import type { Db } from '../db/schema.ts'
import { removeVerifiers, saveReports, type VerifierName, type VerifierReport } from './verifier.store.ts'

/** Reports that are written at once; with more, those that wait are refused. */
const MAX_QUEUED = 1_000

interface Queued {
  readonly report: VerifierReport
  readonly settle: PromiseWithResolvers<boolean>
}

/**
 * Writes reports in batches: those that arrive while one is written are the next. However many verifiers report, their
 * statements do not become more, and there is one at a time.
 */
export class ReportQueue {
  readonly #db: Db
  #queued = new Map<string, Queued>()
  #writing: Promise<void> | null = null

  constructor(db: Db) {
    this.#db = db
  }

  /**
   * Resolves once the report is written; false: it is not, because there are too many. Rejects where the database does not
   * answer. The later report of a verifier replaces one that waits.
   */
  add(report: VerifierReport): Promise<boolean> {
    const name = nameOf(report)
    const waiting = this.#queued.get(name)
    if (waiting === undefined && this.#queued.size >= MAX_QUEUED) return Promise.resolve(false)
    const settle = waiting?.settle ?? Promise.withResolvers<boolean>()
    this.#queued.set(name, { report, settle })
    this.#writing ??= this.#write()
    return settle.promise
  }

  async #write(): Promise<void> {
    // Reports that arrive together, as after a change, are written together.
    await new Promise((done) => setImmediate(done))
    while (this.#queued.size > 0) {
      const batch = this.#queued
      this.#queued = new Map()
      try {
        const reports = [...batch.values()].map(({ report }) => report)
        const [gone, stay] = [reports.filter(isGone), reports.filter((report) => !isGone(report))]
        await removeVerifiers(this.#db, gone)
        const taken = stay.length === 0 ? [] : await saveReports(this.#db, stay)
        const names = new Set([...gone, ...taken].map(nameOf))
        for (const [name, { settle }] of batch) settle.resolve(names.has(name))
      } catch (error) {
        for (const { settle } of batch.values()) settle.reject(error)
      }
    }
    // In the same turn as the last look: a report that comes next must begin to write again.
    this.#writing = null
  }
}

function isGone({ kind, isLeaving }: VerifierReport): boolean {
  return isLeaving && kind !== 'server'
}

function nameOf({ reportedBy, id }: VerifierName): string {
  return `${reportedBy} ${id}`
}
