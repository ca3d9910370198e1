import type { IpRanges } from '@doorward/sdk/kernel'
import { fold, type Spellings, spellingsOf } from './original-path.ts'
import type { OriginalRequest, ProxyKind } from './original-request.ts'

/** A rule: routes, and the scopes that they require, all of them; null: public. */
export interface Rule {
  /** Lower-case and without a port; null: any. */
  readonly host: string | null
  /** Null: every method. */
  readonly methods: ReadonlySet<string> | null
  readonly pattern: Pattern
  readonly scopes: readonly string[] | null
  /** Identifier of the API that the route belongs to; null: the default API. */
  readonly resource: string | null
}

/** Rules that map requests to scopes, and the trusted proxies. */
export interface ForwardAuthRules {
  readonly proxy: ProxyKind
  /** Addresses of proxies that are trusted without an admin key to describe the request; null: none. */
  readonly proxies: IpRanges | null
  readonly environment: string
  readonly rules: readonly Rule[]
}

export interface Pattern {
  /** `*` matches any one segment. */
  readonly segments: readonly string[]
  readonly folded: readonly string[]
  /** Ends with `/*`: the path before it, and everything below. */
  readonly isOpen: boolean
}

const LITERAL = /^(\*|[A-Za-z0-9._~@:-]+)$/

/** Parses a rule's path; null where it is invalid. */
export function parsePattern(path: string): Pattern | null {
  if (path === '/') return { segments: [], folded: [], isOpen: false }
  const isOpen = path.endsWith('/*')
  const segments = (isOpen ? path.slice(0, -2) : path).split('/').slice(1)
  if (!path.startsWith('/') || !segments.every((segment) => LITERAL.test(segment) && fold(segment) !== ''))
    return null
  return { segments, folded: segments.map(fold), isOpen }
}

/**
 * The first rule that matches a request; null where none does. `ambiguous` where two readings of the path match
 * different rules: the proxy's upstream would choose between them (path confusion).
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

/** True where the first rule matches every request that the later one matches, so that the later is never used. */
export function covers(first: Rule, later: Rule): boolean {
  if (first.host !== null && first.host !== later.host) return false
  if (first.methods !== null && !(later.methods?.isSubsetOf(first.methods) ?? false)) return false
  const [above, below] = [first.pattern, later.pattern]
  if (above.isOpen ? below.segments.length < above.segments.length : below.isOpen) return false
  if (!above.isOpen && below.segments.length !== above.segments.length) return false
  return above.folded.every((segment, at) => segment === '*' || segment === below.folded[at])
}
