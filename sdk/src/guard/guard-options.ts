import type { Agent } from 'node:http'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import type { CredentialSource } from '../source/source.ts'
import { type IpRanges, parseIpRanges } from '../verdict/ip-ranges.ts'
import { isCost } from '../verdict/limits.ts'
import type { PresentationFault, Refusal } from '../verdict/refusal.ts'
import { parseScope } from '../verdict/scope.ts'
import { meant } from './check-options.ts'

export interface GuardOptions<Scope extends string = string> {
  /** Where Doorward is, `https://doorward.example.com`. Needed unless `source` is given. */
  readonly url?: string | undefined
  /**
   * An admin key with the permission `verify`, and best no other; or a function that gives it, asked each time, so that
   * it can be rotated while the process runs. Needed unless `source` is given.
   */
  readonly adminKey?: string | (() => string) | undefined
  /** The environment that this API serves, such as `live`; credentials of any other are refused. */
  readonly environment: string
  /**
   * The identifier of this API (RFC 8707 §2), as Doorward knows it, such as `https://api.example.com`. With it, tokens
   * that are for other APIs are refused, and challenges say where this API's metadata is (RFC 9728). Default: audiences
   * are not compared, so set it where there is more than one API.
   */
  readonly resource?: string | undefined
  /** Doorward as its metadata names it, where that is another URL than `url`. */
  readonly issuer?: string | undefined
  /** The scopes of this API: with them, a guard for any other is a compile-time error. */
  readonly scopes?: readonly Scope[]
  /** Addresses and CIDR blocks of your proxies, whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Named in challenges (RFC 6750 §3). Default: none. */
  readonly realm?: string
  /** Hears each refusal with its reason, for your log; strangers hear less. Throwing here changes nothing. */
  readonly onRefusal?: (refusal: Refusal | PresentationFault, where: RefusedAt) => void
  /** Hears why verification is not possible. Default: a process warning, the same one once a minute at most. */
  readonly onError?: (error: unknown) => void
  /**
   * For how long a record may be used after it was last known to be true, in ms; that is how late a revocation is felt
   * at the very worst. Default and maximum 5000.
   */
  readonly maxStalenessMs?: number
  /**
   * How much longer than that, in ms, while Doorward cannot be reached. Default 0: then requests get 503. More lets keys
   * in that were revoked meanwhile; `onError` hears of it.
   */
  readonly staleIfUnreachableMs?: number
  /** Credentials kept in memory. Default 100,000. */
  readonly maxEntries?: number
  /** About how much memory they may take, in bytes. Default 64 MB. */
  readonly maxBytes?: number
  /** Whether to follow changes as they happen. Default true; see `docs/guides/verification.md`. */
  readonly feed?: boolean
  /**
   * Counts rate limits. Default: each process of your API for itself, in memory. Where several must agree, see
   * `@doorward/sdk/rate-limiter-flexible`.
   */
  readonly limiter?: RateLimiter
  /**
   * Carries all connections to Doorward: for a proxy, a certificate authority or a client certificate of your own, such
   * as `new https.Agent({ keepAlive: true, ca })`.
   */
  readonly agent?: Agent
  /** Asked instead of the server at `url`. */
  readonly source?: CredentialSource
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface RefusedAt {
  readonly method: string
  /** Without the query, in which a credential may stand. */
  readonly path: string
}

/** @throws TypeError where an entry is neither an address nor a CIDR block */
export function trustedProxiesOf({ trustedProxies = [] }: GuardOptions): IpRanges | null {
  if (trustedProxies.length === 0) return null
  const ranges = parseIpRanges(trustedProxies)
  if ('notARange' in ranges)
    throw new TypeError(`trustedProxies: ${JSON.stringify(ranges.notARange)} is no address or CIDR block`)
  return ranges
}

/** What a guard is called with: the scopes that a request needs, all of them, and last what it costs. */
export type Requirement<Scope extends string = string> = Scope | RouteOptions

export interface RouteOptions {
  /** What one call takes of the limits of its credential, in units. Default 1; 0 is not limited. */
  readonly cost?: number
}

/** @throws TypeError where a guard asks for what is no scope, or for one that the API does not declare, or for no cost */
export function checkRequirements(
  wanted: readonly Requirement[],
  declared: readonly string[] | undefined,
): { scopes: readonly string[]; cost: number } {
  const last = wanted.at(-1)
  const hasOptions = typeof last === 'object' && last !== null
  if (hasOptions && Array.isArray(last))
    throw new TypeError("a guard takes its scopes one by one: guard('orders:read', 'orders:write')")
  for (const name of Object.keys(hasOptions ? last : {}))
    if (name !== 'cost') throw new TypeError(`there is no option ${name} of a guard${meant(name, ['cost'])}`)
  const { cost = 1 } = hasOptions ? last : {}
  const scopes = (hasOptions ? wanted.slice(0, -1) : wanted) as readonly string[]
  if (!isCost(cost)) throw new TypeError('cost must be a whole number from 0 to 1000000')
  checkScopes(scopes, declared)
  return { scopes, cost }
}

function checkScopes(wanted: readonly string[], declared: readonly string[] | undefined): void {
  for (const scope of wanted) {
    if (typeof scope !== 'string' || parseScope(scope) === null)
      throw new TypeError(`${JSON.stringify(scope)} is no scope: <resource>:<action>`)
    if (declared === undefined || declared.includes(scope)) continue
    throw new TypeError(`${scope} is not among the declared scopes${meant(scope, declared)}`)
  }
}
