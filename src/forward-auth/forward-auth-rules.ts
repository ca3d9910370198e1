import type { IpRanges } from '@doorward/sdk/kernel'
import { fold, type Spellings, spellingsOf } from './original-path.ts'
import type { OriginalRequest, ProxyKind } from './original-request.ts'

/** Scopes that a route requires, all of them; null: the route is public. */
export interface Rule {
  /** Lower-case and without a port; null: any. */
  readonly host: string | null
  /** Null: any. */
  readonly methods: ReadonlySet<string> | null
  readonly pattern: Pattern
  readonly scopes: readonly string[] | null
  /** The identifier of the API that the route belongs to; null: the default API. */
  readonly resource: string | null
}

/** Rules that say which requests need which scopes, and which proxies may ask. */
export interface ForwardAuthRules {
  readonly proxy: ProxyKind
  /** Addresses of proxies that are trusted to say what the request was, without an admin key; null: none. */
  readonly proxies: IpRanges | null
  readonly environment: string
  readonly rules: readonly Rule[]
}

export interface Pattern {
  /** `*` stands for any one segment. */
  readonly segments: readonly string[]
  readonly folded: readonly string[]
  /** Ends with `/*`: the path before it, and everything below. */
  readonly isOpen: boolean
}

const LITERAL = /^(\*|[A-Za-z0-9._~@:-]+)$/

/** Reads a rule's path; null where it is none. */
export function parsePattern(path: string): Pattern | null {
  if (path === '/') return { segments: [], folded: [], isOpen: false }
  const isOpen = path.endsWith('/*')
  const segments = (isOpen ? path.slice(0, -2) : path).split('/').slice(1)
  if (!path.startsWith('/') || !segments.every((segment) => LITERAL.test(segment) && fold(segment) !== ''))
    return null
  return { segments, folded: segments.map(fold), isOpen }
}

/**
 * The first rule that a request meets, or null where it meets none. `ambiguous` where the path could be read in two ways
 * that meet different rules: then the proxy's upstream, and not this, would choose.
 */
export function ruleFor(rules: readonly Rule[], request: OriginalRequest): Rule | null | 'ambiguous' {
  const spellings = spellingsOf(request.path)
  if (spellings === null) return 'ambiguous'
  const rule = firstFor(rules, request, spellings, 'sent')
  if (spellings.decoded !== spellings.sent && firstFor(rules, request, spellings, 'decoded') !== rule)
    return 'ambiguous'
  return firstFor(rules, request, spellings, 'folded') === rule ? rule : 'ambiguous'
}

function firstFor(
  rules: readonly Rule[],
  { method, host }: OriginalRequest,
  spellings: Spellings,
  spelling: keyof Spellings,
): Rule | null {
  for (const rule of rules)
    if (
      (rule.host === null || rule.host === host) &&
      (rule.methods === null || rule.methods.has(method)) &&
      matches(rule.pattern, spellings[spelling], spelling === 'folded')
    )
      return rule
  return null
}

function matches(pattern: Pattern, path: readonly string[], folded: boolean): boolean {
  const segments = folded ? pattern.folded : pattern.segments
  if (path.length < segments.length || (path.length > segments.length && !pattern.isOpen)) return false
  for (let at = 0; at < segments.length; at++)
    if (segments[at] !== '*' && segments[at] !== path[at]) return false
  return true
}

/** Whether every request that meets one rule meets another too, so that the other, standing first, leaves it none. */
export function covers(first: Rule, later: Rule): boolean {
  if (first.host !== null && first.host !== later.host) return false
  if (first.methods !== null && !(later.methods?.isSubsetOf(first.methods) ?? false)) return false
  const [above, below] = [first.pattern, later.pattern]
  if (above.isOpen ? below.segments.length < above.segments.length : below.isOpen) return false
  if (!above.isOpen && below.segments.length !== above.segments.length) return false
  return above.folded.every((segment, at) => segment === '*' || segment === below.folded[at])
}
