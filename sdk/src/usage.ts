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
  /** Text here, because a newer sender may know further ones. */
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
  #dropped = 0

  /** Verifications and exposures that were not kept since the start, because there were too many at once. */
  get dropped(): number {
    return this.#dropped
  }

  note(use: Use, nowMs: number): void {
    const name = `${use.credentialId} ${use.outcome}`
    let count = this.#counts.get(name)
    if (count === undefined) {
      if (this.#counts.size >= MAX_ITEMS) {
        this.#dropped += 1
        return
      }
      count = { ...use, count: 0, lastAtMs: 0, lastIp: null, lastUserAgent: null }
      this.#counts.set(name, count)
    }
    count.count += 1
    count.lastAtMs = nowMs
    count.lastIp = use.ip
    count.lastUserAgent = use.userAgent
  }

  noteExposure(exposure: Exposure): void {
    if (this.#exposed.size < MAX_EXPOSED || this.#exposed.has(exposure.hash))
      this.#exposed.set(exposure.hash, exposure)
    else this.#dropped += 1
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

  /** The batch cannot be delivered any more: it counts as dropped. */
  giveUp(batch: UsageBatch): void {
    this.delivered(batch)
    for (const { count } of batch.items) this.#dropped += count
    this.#dropped += batch.exposed.length
  }
}

function toItem({ credentialId, outcome, count, lastAtMs, lastIp, lastUserAgent }: Count): UsageItem {
  const printable = lastUserAgent
    ?.replace(/\p{Cc}/gu, '')
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
