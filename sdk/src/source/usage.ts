import { randomUUID } from 'node:crypto'
import { withoutCredentials } from '../credential/credentials-in-text.ts'
import type { Refusal } from '../verdict/refusal.ts'
import { parseScope } from '../verdict/scope.ts'

export type Outcome = 'accepted' | Refusal['reason']

/** A part of what was counted. The id makes a repeated delivery count once. */
export interface UsageBatch {
  readonly id: string
  readonly items: readonly UsageItem[]
  readonly exposed: readonly Exposure[]
}

/** The verifications of one credential in one minute that asked for one scope and ended in one way. */
export interface UsageItem {
  /** Null: well-formed credentials that nobody knows, all together, so that a flood of them is one number. */
  readonly credentialId: string | null
  /** Text here, because a newer sender may know further ones. */
  readonly outcome: string
  /** Empty for verifications that asked for no scope. */
  readonly scope: string
  /** The beginning of the minute. */
  readonly minute: Date
  /** Verifications that asked for this scope. */
  readonly count: number
  /**
   * Those of them for which it was the first: one that asks for two scopes counts for each, and is one call. So the
   * sum of these is how many verifications there were.
   */
  readonly calls: number
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

/** Calls that are alike: same credential, minute, outcome and scopes. The lines of one credential are a chain. */
export interface UsageLine {
  readonly credentialId: string | null
  readonly outcome: Outcome
  readonly scopes: readonly string[]
  /** Minutes since the epoch. This and the next are small integers, which need no object of their own. */
  readonly minute: number
  readonly next: UsageLine | undefined
  calls: number
  /** Milliseconds from the beginning of the minute to the last call. */
  lastAfterMs: number
  lastIp: string | null
  lastUserAgent: string | null
}

export const MINUTE_MS = 60_000
/** Scopes of lines that are held at once (some 10 MB): who cannot deliver counts coarser, then not at all. */
export const MAX_HELD = 50_000
/** Lines of one credential, because they are looked through one by one. */
const MAX_CHAIN = 1_000
/** About so many items go out at once: the receiver writes them in some 20 ms. */
const BATCH_ITEMS = 1_000
const MAX_EXPOSED = 1_000
const MAX_USER_AGENT = 256
const NO_SCOPES: readonly string[] = []

/** Counts in memory; a verification never writes. A crash loses what was not taken yet, and no more. */
export class UsageCounter {
  /** The newest line of each credential. */
  #newest = new Map<string | null, UsageLine>()
  #held = 0
  /** No longer counted into, and not yet in a batch. */
  #closed: UsageLine[] = []
  #exposed = new Map<string, Exposure>()
  /** In the order in which they go out. More than one only where a batch was {@link split}. */
  #undelivered: UsageBatch[] = []
  #dropped = 0
  #round = 0
  readonly #elsewhere: (() => void)[] = []

  /** Verifications and exposures that were lost since the start: too many at once, or given up. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Counts a verification, or some that are alike.
   *
   * @param credentialId null for a well-formed credential that nobody knows
   * @param scopes what the call asked for
   * @param lastMs when the last of them was
   */
  note(
    credentialId: string | null,
    outcome: Outcome,
    scopes: readonly string[],
    ip: string | null,
    userAgent: string | null,
    lastMs: number,
    calls = 1,
  ): void {
    const line = this.#lineFor(credentialId, outcome, scopes, Math.floor(lastMs / MINUTE_MS))
    if (line === undefined) {
      this.drop(calls)
      return
    }
    line.calls += calls
    const lastAfterMs = (lastMs - line.minute * MINUTE_MS) | 0
    if (lastAfterMs < line.lastAfterMs) return
    line.lastAfterMs = lastAfterMs
    line.lastIp = ip
    line.lastUserAgent = userAgent
  }

  /**
   * Takes one accepted call back, which will be noted again as what became of it.
   *
   * @returns false where it is not here any more, because it was taken for delivery
   */
  uncount(credentialId: string, scopes: readonly string[]): boolean {
    let line = this.#newest.get(credentialId)
    while (
      line !== undefined &&
      (line.outcome !== 'accepted' || !sameScopes(line.scopes, scopes) || line.calls === 0)
    )
      line = line.next
    if (line === undefined) return false
    line.calls -= 1
    return true
  }

  /** Verifications that there is no room to count. */
  drop(calls = 1): void {
    this.#dropped += calls
  }

  /** Who keeps counts elsewhere notes them when called, which is each time before counts are taken. */
  beforeTaken(hand: () => void): void {
    this.#elsewhere.push(hand)
  }

  /** Lines are counted into for one round, which ends when they are taken. */
  get round(): number {
    return this.#round
  }

  noteExposure(exposure: Exposure): void {
    if (this.#exposed.size < MAX_EXPOSED || this.#exposed.has(exposure.hash))
      this.#exposed.set(exposure.hash, exposure)
    else this.#dropped += 1
  }

  /** What is to be delivered next: an undelivered batch again as it was, else what was counted since; null for nothing. */
  take(): UsageBatch | null {
    const [undelivered] = this.#undelivered
    if (undelivered !== undefined) return undelivered
    if (this.#closed.length === 0) this.#close()
    if (this.#closed.length === 0 && this.#exposed.size === 0) return null
    const items: UsageItem[] = []
    for (let line = this.#closed.pop(); line !== undefined; line = this.#closed.pop()) {
      items.push(...toItems(line))
      if (items.length >= BATCH_ITEMS) break
    }
    const batch = { id: randomUUID(), items, exposed: [...this.#exposed.values()] }
    this.#exposed = new Map()
    this.#undelivered.push(batch)
    return batch
  }

  /** Whether more of what is being delivered waits; what is counted meanwhile is for the next time. */
  get isDelivering(): boolean {
    return this.#undelivered.length > 0 || this.#closed.length > 0
  }

  /** The batch arrived; without this, {@link take} gives it again. */
  delivered(batch: UsageBatch): void {
    this.#undelivered = this.#undelivered.filter((each) => each !== batch)
  }

  /**
   * Puts two halves in the place of a batch that was refused as a whole, so that what is at fault does not take the rest
   * with it.
   *
   * @returns false where there is but one thing in it
   */
  split(batch: UsageBatch): boolean {
    const { items, exposed } = batch
    if (items.length + exposed.length < 2) return false
    const [item, exposure] = [Math.ceil(items.length / 2), Math.floor(exposed.length / 2)]
    const halves = [
      { id: randomUUID(), items: items.slice(0, item), exposed: exposed.slice(0, exposure) },
      { id: randomUUID(), items: items.slice(item), exposed: exposed.slice(exposure) },
    ]
    this.#undelivered = this.#undelivered.flatMap((each) => (each === batch ? halves : [each]))
    return true
  }

  /** The batch cannot be delivered any more: it counts as dropped. @returns how much is lost */
  giveUp(batch: UsageBatch): number {
    this.delivered(batch)
    const lost = batch.items.reduce((sum, { calls }) => sum + calls, batch.exposed.length)
    this.#dropped += lost
    return lost
  }

  /**
   * The line to count into: found in the credential's chain, else begun. Where there is no room for another, one of an
   * earlier minute does, since a count at a wrong time is better than none.
   */
  #lineFor(
    credentialId: string | null,
    outcome: Outcome,
    asked: readonly string[],
    minute: number,
  ): UsageLine | undefined {
    const newest = this.#newest.get(credentialId)
    if (newest !== undefined && isFor(newest, outcome, asked, minute)) return newest
    const scopes = credentialId === null ? NO_SCOPES : asked
    let earlier: UsageLine | undefined
    let length = 0
    for (let line = newest; line !== undefined; line = line.next) {
      length += 1
      if (line.outcome !== outcome || !sameScopes(line.scopes, scopes)) continue
      if (line.minute === minute) return line
      earlier ??= line
    }
    const size = Math.max(1, scopes.length)
    if (this.#held + size > MAX_HELD || length >= MAX_CHAIN) return earlier
    this.#held += size
    const line: UsageLine = {
      credentialId,
      outcome,
      scopes,
      minute,
      next: newest,
      calls: 0,
      lastAfterMs: 0,
      lastIp: null,
      lastUserAgent: null,
    }
    this.#newest.set(credentialId, line)
    return line
  }

  #close(): void {
    for (const hand of this.#elsewhere) hand()
    for (const newest of this.#newest.values())
      for (let line: UsageLine | undefined = newest; line !== undefined; line = line.next)
        if (line.calls > 0) this.#closed.push(line)
    this.#newest = new Map()
    this.#held = 0
    this.#round += 1
  }
}

/** Whether calls like this one are counted in a line, as far as one look tells. */
function isFor(line: UsageLine, outcome: Outcome, scopes: readonly string[], minute: number): boolean {
  return line.scopes === scopes && line.outcome === outcome && line.minute === minute
}

/** Mostly one array, a guard's; a server that reads them from requests has a new one each time. */
export function sameScopes(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((scope, at) => scope === b[at]))
}

/** One for each scope. */
function toItems({ credentialId, outcome, scopes, minute, calls, ...last }: UsageLine): UsageItem[] {
  const minuteMs = minute * MINUTE_MS
  const lastUserAgent = printable(last.lastUserAgent)
  return namesOf(scopes).map((scope, at) => ({
    credentialId,
    outcome,
    scope,
    minute: new Date(minuteMs),
    count: calls,
    calls: at === 0 ? calls : 0,
    lastAt: new Date(minuteMs + last.lastAfterMs),
    lastIp: last.lastIp,
    lastUserAgent,
  }))
}

/** What is no scope can be asked for, and is counted, but not by its name. Mostly a guard's array, again and again. */
function namesOf(scopes: readonly string[]): readonly string[] {
  const known = NAMES.get(scopes)
  if (known !== undefined) return known
  const names = scopes.length === 0 ? [''] : [...new Set(scopes.map((scope) => parseScope(scope) ?? ''))]
  NAMES.set(scopes, names)
  return names
}

const NAMES = new WeakMap<readonly string[], readonly string[]>()

function printable(userAgent: string | null): string | null {
  if (userAgent === null) return null
  const clean = withoutCredentials(userAgent)
  if (PLAIN.test(clean)) return clean
  return clean
    .replace(/\p{Cc}/gu, '')
    .slice(0, MAX_USER_AGENT)
    .toWellFormed()
}

const PLAIN = new RegExp(`^[ -~]{0,${MAX_USER_AGENT}}$`)
