import { randomUUID } from 'node:crypto'
import type { Refusal } from './refusal.ts'

export type Outcome = 'accepted' | Refusal['reason']

/** One verification of a credential that exists. */
export interface Use {
  readonly credentialId: string
  readonly outcome: Outcome
  readonly ip: string | null
  readonly userAgent: string | null
}

/** What was counted since the last batch. The id makes a repeated delivery count once. */
export interface UsageBatch {
  readonly id: string
  readonly items: readonly UsageItem[]
  readonly exposed: readonly Exposure[]
}

export interface UsageItem {
  readonly credentialId: string
  readonly outcome: string
  readonly count: number
  readonly lastAt: Date
  readonly lastIp: string | null
  readonly lastUserAgent: string | null
}

/** A credential, by its hash, that was found where none belongs. */
export interface Exposure {
  readonly hash: string
  readonly at: Date
  readonly ip: string | null
}

interface Count extends Use {
  count: number
  lastAtMs: number
  lastIp: string | null
  lastUserAgent: string | null
}

/** Bounds of one batch: a process that cannot deliver stops counting new credentials instead of growing for ever. */
const MAX_ITEMS = 10_000
const MAX_EXPOSED = 1_000
const MAX_USER_AGENT = 256

/** Counts in memory; a verification never writes. A crash loses what was not taken yet, and no more. */
export class UsageCounter {
  #counts = new Map<string, Count>()
  #exposed = new Map<string, Exposure>()
  #undelivered: UsageBatch | null = null

  note(use: Use, nowMs: number): void {
    const name = `${use.credentialId} ${use.outcome}`
    let count = this.#counts.get(name)
    if (count === undefined) {
      if (this.#counts.size >= MAX_ITEMS) return
      count = { ...use, count: 0, lastAtMs: 0, lastIp: null, lastUserAgent: null }
      this.#counts.set(name, count)
    }
    count.count += 1
    count.lastAtMs = nowMs
    count.lastIp = use.ip
    count.lastUserAgent = use.userAgent
  }

  noteExposure(exposure: Exposure): void {
    if (this.#exposed.size < MAX_EXPOSED) this.#exposed.set(exposure.hash, exposure)
  }

  /** What is to be delivered next: an undelivered batch again as it was, else what was counted since; null for nothing. */
  take(): UsageBatch | null {
    if (this.#undelivered !== null) return this.#undelivered
    if (this.#counts.size === 0 && this.#exposed.size === 0) return null
    const items = [...this.#counts.values()].map(toItem)
    this.#undelivered = { id: randomUUID(), items, exposed: [...this.#exposed.values()] }
    this.#counts = new Map()
    this.#exposed = new Map()
    return this.#undelivered
  }

  /** The batch arrived; without this, {@link take} gives it again. */
  delivered(batch: UsageBatch): void {
    if (this.#undelivered === batch) this.#undelivered = null
  }
}

function toItem({ credentialId, outcome, count, lastAtMs, lastIp, lastUserAgent }: Count): UsageItem {
  const printable = lastUserAgent
    ?.replace(/[\x00-\x1f\x7f]/g, '')
    .toWellFormed()
    .slice(0, MAX_USER_AGENT)
    .toWellFormed()
  return {
    credentialId,
    outcome,
    count,
    lastAt: new Date(lastAtMs),
    lastIp,
    lastUserAgent: printable ?? null,
  }
}

export interface Flushing {
  /** Stops the timer and delivers what is left; a failure is reported and lets go. */
  close(): Promise<void>
}

/** Delivers batches every few seconds, one at a time; what fails is delivered again, under the same id. */
export function flushEvery(options: {
  readonly counter: UsageCounter
  readonly send: (batch: UsageBatch) => Promise<void>
  /** Default 2000. */
  readonly everyMs?: number
  readonly onError: (error: unknown) => void
}): Flushing {
  const { counter, send, everyMs = 2_000, onError } = options
  let running: Promise<void> = Promise.resolve()
  let busy = false

  const flush = async () => {
    const batch = counter.take()
    if (batch === null) return
    try {
      await send(batch)
      counter.delivered(batch)
    } catch (error) {
      onError(error)
    }
  }
  const round = () => {
    if (busy) return
    busy = true
    running = flush().finally(() => {
      busy = false
    })
  }
  const timer = setInterval(round, everyMs)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await running
      // Twice: what could not be delivered before, and what was counted since.
      await flush()
      await flush()
    },
  }
}
