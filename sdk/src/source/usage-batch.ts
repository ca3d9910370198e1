import { withoutCredentials } from '../credential/credentials-in-text.ts'
import type { Refusal } from '../verdict/refusal.ts'
import { parseScope } from '../verdict/scope.ts'

export type Outcome = 'accepted' | Refusal['reason']

/** A part of the counts. The id makes a repeated delivery count once. */
export interface UsageBatch {
  readonly id: string
  readonly items: readonly UsageItem[]
  readonly exposed: readonly Exposure[]
}

/** The verifications of one credential in one minute that asked for one scope and ended in one way. */
export interface UsageItem {
  /** Null: all well-formed credentials that do not exist, so that a flood of them is one number. */
  readonly credentialId: string | null
  /** Any text, because a newer sender may know further ones. */
  readonly outcome: string
  /** Empty for verifications that asked for no scope. */
  readonly scope: string
  /** The start of the minute. */
  readonly minute: Date
  /** Verifications that asked for this scope. */
  readonly count: number
  /**
   * Those of them whose first scope it was: a verification of two scopes counts for each, and is one call. So the sum
   * of these is the number of verifications.
   */
  readonly calls: number
  readonly lastAt: Date
  readonly lastIp: string | null
  readonly lastUserAgent: string | null
}

/** A credential, by its hash, that was found in a URL. */
export interface Exposure {
  readonly hash: string
  readonly at: Date
  readonly ip: string | null
}

/** Calls of one credential with the same minute, outcome and scopes. The lines of a credential are a linked list. */
export interface UsageLine {
  readonly credentialId: string | null
  readonly outcome: Outcome
  readonly scopes: readonly string[]
  /** Minutes since the epoch. Like `lastAfterMs` a small integer, which V8 keeps without an object. */
  readonly minute: number
  readonly next: UsageLine | undefined
  calls: number
  /** Milliseconds from the start of the minute to the last call. */
  lastAfterMs: number
  lastIp: string | null
  lastUserAgent: string | null
}

export const MINUTE_MS = 60_000
const MAX_USER_AGENT = 256

/** Compares scopes. Mostly both are one array, a guard's; a server that reads them from requests has a new one each time. */
export function sameScopes(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((scope, at) => scope === b[at]))
}

/** Makes one item for each scope. */
export function toItems({ credentialId, outcome, scopes, minute, calls, ...last }: UsageLine): UsageItem[] {
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

/** The names to count by. Text that is not a scope counts under the empty name. Kept, because mostly it is a guard's array. */
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
