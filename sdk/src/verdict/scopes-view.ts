import { inspect } from 'node:util'

/**
 * An immutable view of a principal's scopes: a record's set is shared by all credentials with the same scopes, so a scope
 * that one handler added would be added to others. In JSON it is a list.
 */
class ScopesView implements ReadonlySet<string> {
  readonly #scopes: ReadonlySet<string>

  constructor(scopes: ReadonlySet<string>) {
    this.#scopes = scopes
    Object.freeze(this)
  }

  get size(): number {
    return this.#scopes.size
  }

  has(scope: string): boolean {
    return this.#scopes.has(scope)
  }

  forEach(
    each: (scope: string, again: string, scopes: ReadonlySet<string>) => void,
    thisArg?: unknown,
  ): void {
    for (const scope of this.#scopes) each.call(thisArg, scope, scope, this)
  }

  keys() {
    return this.#scopes.keys()
  }

  values() {
    return this.#scopes.values()
  }

  entries() {
    return this.#scopes.entries()
  }

  [Symbol.iterator]() {
    return this.#scopes.values()
  }

  union<Other>(other: ReadonlySetLike<Other>) {
    return this.#scopes.union(other)
  }

  intersection<Other>(other: ReadonlySetLike<Other>) {
    return this.#scopes.intersection(other)
  }

  difference<Other>(other: ReadonlySetLike<Other>) {
    return this.#scopes.difference(other)
  }

  symmetricDifference<Other>(other: ReadonlySetLike<Other>) {
    return this.#scopes.symmetricDifference(other)
  }

  isSubsetOf(other: ReadonlySetLike<unknown>) {
    return this.#scopes.isSubsetOf(other)
  }

  isSupersetOf(other: ReadonlySetLike<unknown>) {
    return this.#scopes.isSupersetOf(other)
  }

  isDisjointFrom(other: ReadonlySetLike<unknown>) {
    return this.#scopes.isDisjointFrom(other)
  }

  toJSON(): string[] {
    return [...this.#scopes]
  }

  [inspect.custom](): ReadonlySet<string> {
    return new Set(this.#scopes)
  }
}
Object.freeze(ScopesView.prototype)

/**
 * Returns a view of a set of scopes. Views are not remembered by set: a weak map grows with each record that is looked up,
 * and stopped the process for 300 ms when the garbage collector went through it.
 */
export function viewOf(scopes: ReadonlySet<string>): ReadonlySet<string> {
  return scopes instanceof ScopesView ? scopes : new ScopesView(scopes)
}

/** Freezes JSON on every level, and returns it. */
export function deepFrozen<Value>(value: Value): Value {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFrozen(part)
  return value
}
