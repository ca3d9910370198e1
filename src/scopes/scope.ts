/** A protected resource (RFC 9728 §1.1). Every scope belongs to exactly one; one API is the default. */
export interface Api {
  readonly id: string
  /** Absolute URI, such as `https://api.example.com`. */
  readonly identifier: string
  readonly name: string
  readonly isDefault: boolean
  readonly createdAt: Date
}

export const SENSITIVITIES = ['basic', 'sensitive', 'restricted'] as const
export type Sensitivity = (typeof SENSITIVITIES)[number]

/** An entry of the catalogue: a `<resource>:<action>` with its description for people and its implied scopes. */
export interface CatalogueScope {
  readonly name: string
  readonly apiId: string
  /** A sentence for people: "See your orders". */
  readonly description: string
  readonly sensitivity: Sensitivity
  /** Scopes that it implies directly. */
  readonly implies: readonly string[]
  /** Since then it is no longer given out; keys and clients that have it keep it. */
  readonly deprecatedAt: Date | null
  readonly createdAt: Date
}

/** A scope as it is declared. */
export interface ScopeDeclaration {
  readonly name: string
  readonly apiId: string
  readonly description: string
  readonly sensitivity: Sensitivity
  readonly implies: readonly string[]
}

/** True if a declaration differs from the catalogue. */
export function differs(known: CatalogueScope, declared: ScopeDeclaration): boolean {
  return (
    known.apiId !== declared.apiId ||
    known.description !== declared.description ||
    known.sensitivity !== declared.sensitivity ||
    known.implies.toSorted().join(' ') !== declared.implies.toSorted().join(' ')
  )
}

type Life = Pick<CatalogueScope, 'deprecatedAt'>

/** Why deprecating a scope would do nothing: the server accepts the request. */
export function whyNotDeprecateScope({
  deprecatedAt: at,
}: Life): { readonly code: 'already_deprecated'; readonly at: Date } | null {
  return at === null ? null : { code: 'already_deprecated', at }
}

/** Why reinstating a scope would do nothing: the server accepts the request. */
export function whyNotReinstateScope({ deprecatedAt }: Life): { readonly code: 'not_deprecated' } | null {
  return deprecatedAt === null ? { code: 'not_deprecated' } : null
}

/** Use of a scope: the number of keys and clients that hold it, and the scopes that imply it. */
export interface ScopeHolders {
  readonly keys: number
  readonly clients: number
  readonly implying: readonly string[]
}

/** Why a scope cannot be removed: something holds it. */
export function whyNotRemoveScope(
  held: ScopeHolders,
): ({ readonly code: 'scope_in_use' } & ScopeHolders) | null {
  const isHeld = held.keys > 0 || held.clients > 0 || held.implying.length > 0
  return isHeld ? { ...held, code: 'scope_in_use' } : null
}
