import type { Agent } from 'node:http'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import type { CredentialSource } from '../source/source.ts'
import { type IpRanges, readIpRanges } from '../verdict/ip-ranges.ts'
import { isCost } from '../verdict/limits.ts'
import type { PresentationFault, Refusal } from '../verdict/refusal.ts'
import { parseScope } from '../verdict/scope.ts'
import { didYouMean } from './did-you-mean.ts'

export interface GuardOptions<Scope extends string = string> {
  /** The URL of Doorward, `https://doorward.example.com`. Required unless `source` is given. */
  readonly url?: string | undefined
  /**
   * An admin key with the permission `verify`, and preferably no other; or a function that returns it, called each time,
   * so that it can be rotated while the process runs. Required unless `source` is given.
   */
  readonly adminKey?: string | (() => string) | undefined
  /** The environment that this API serves, such as `live`. Credentials of any other are refused. */
  readonly environment: string
  /**
   * The resource identifier of this API (RFC 8707 §2) in Doorward, such as `https://api.example.com`. With it, tokens for
   * other APIs are refused, and challenges name this API's metadata (RFC 9728). Default: audiences are not compared, so
   * set it where there is more than one API.
   */
  readonly resource?: string | undefined
  /** Doorward's issuer identifier, where it is another URL than `url`. */
  readonly issuer?: string | undefined
  /** The scopes of this API. With them, a guard for any other scope is a compile-time error. */
  readonly scopes?: readonly Scope[]
  /** Addresses and CIDR blocks of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Named in challenges (RFC 6750 §3). Default: none. */
  readonly realm?: string
  /**
   * Seconds before its end in which the header `Doorward-Credential-Expires` (RFC 3339) announces to a key that it ends. 0:
   * never. Default 86400, a day.
   */
  readonly expiryHeaderSeconds?: number
  /** Called with each refusal and its reason, for your log; clients are told less. Throwing here has no effect. */
  readonly onRefusal?: (refusal: Refusal | PresentationFault, where: RefusedAt) => void
  /** Called with the reason why verification is impossible. Default: a process warning, each at most once a minute. */
  readonly onError?: (error: unknown) => void
  /**
   * Longest use of a record after it was last known to be true, in ms: the worst delay of a revocation. Default and
   * maximum 5000.
   */
  readonly maxStalenessMs?: number
  /**
   * Additional use of a record while Doorward is unreachable, in ms. Default 0: requests then get 503. More accepts keys
   * that were revoked meanwhile; `onError` is called for each such use.
   */
  readonly staleIfUnreachableMs?: number
  /** Credentials kept in memory. Default 100,000. */
  readonly maxEntries?: number
  /** About how much memory they may take, in bytes. Default 64 MB. */
  readonly maxBytes?: number
  /** Follows changes as they happen. Default true; see `docs/guides/verification.md`. */
  readonly feed?: boolean
  /**
   * The name of this process in Doorward's list of verifiers, 1 to 80 characters. Default: the host's name. See
   * `docs/guides/verification.md`.
   */
  readonly verifierName?: string
  /**
   * Counts rate limits. Default: in the memory of each process. For one count in all processes, see
   * `@doorward/sdk/rate-limiter-flexible`.
   */
  readonly limiter?: RateLimiter
  /**
   * The agent for all connections to Doorward: for a proxy, your own certificate authority or a client certificate, such
   * as `new https.Agent({ keepAlive: true, ca })`.
   */
  readonly agent?: Agent
  /** Replaces the server at `url` as the source of records. */
  readonly source?: CredentialSource
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface RefusedAt {
  readonly method: string
  /** Without the query, which may contain a credential. */
  readonly path: string
}

/** Reads `trustedProxies`. @throws TypeError where an entry is no address or block, or they are all addresses */
export function trustedProxiesOf({ trustedProxies = [] }: GuardOptions): IpRanges | null {
  if (trustedProxies.length === 0) return null
  const ranges = readIpRanges(trustedProxies)
  if ('fault' in ranges) throw new TypeError(`trustedProxies ${ranges.fault}`)
  return ranges
}

/** An argument of a guard: scopes, of which a request needs all, and last the options of the route. */
export type Requirement<Scope extends string = string> = Scope | RouteOptions

export interface RouteOptions {
  /** Units that one call takes of its credential's limits. Default 1; 0 is not limited. */
  readonly cost?: number
}

/** Checks a guard's arguments. @throws TypeError for an invalid or undeclared scope, and for an invalid cost */
export function checkRequirements(
  wanted: readonly Requirement[],
  declared: readonly string[] | undefined,
): { scopes: readonly string[]; cost: number } {
  const last = wanted.at(-1)
  const hasOptions = typeof last === 'object' && last !== null
  if (hasOptions && Array.isArray(last))
    throw new TypeError("a guard takes its scopes one by one: guard('orders:read', 'orders:write')")
  for (const name of Object.keys(hasOptions ? last : {}))
    if (name !== 'cost') throw new TypeError(`unknown option ${name} of a guard${didYouMean(name, ['cost'])}`)
  const { cost = 1 } = hasOptions ? last : {}
  const scopes = (hasOptions ? wanted.slice(0, -1) : wanted) as readonly string[]
  if (!isCost(cost)) throw new TypeError('cost must be a whole number from 0 to 1000000')
  checkScopes(scopes, declared)
  return { scopes, cost }
}

function checkScopes(wanted: readonly string[], declared: readonly string[] | undefined): void {
  for (const scope of wanted) {
    if (typeof scope !== 'string' || parseScope(scope) === null)
      throw new TypeError(`${JSON.stringify(scope)} is not a scope: write <resource>:<action>`)
    if (declared === undefined || declared.includes(scope)) continue
    throw new TypeError(`${scope} is not among the declared scopes${didYouMean(scope, declared)}`)
  }
}
