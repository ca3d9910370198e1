import { type ChangesListener, canonicalResource } from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { allApis, allScopes } from '../scopes/scope.store.ts'
import type { CatalogueScope } from '../scopes/scope.ts'
import { asked } from './database-source.ts'

/** Time for which the catalogue is used after it was last read or confirmed, as with records. */
const FRESH_MS = 5_000

export interface Catalogued {
  readonly scopes: readonly CatalogueScope[]
  readonly names: ReadonlySet<string>
  /** The identifiers of all APIs, each in its one spelling (`canonicalResource`). */
  readonly resources: ReadonlySet<string>
  readonly defaultIdentifier: string
}

/**
 * Caches the catalogue for verification: one copy per process, invalidated by the changes feed. New scopes are not
 * published there, because no credential has them: call `fresh()` before you report one as undeclared.
 */
export class KnownCatalogue implements ChangesListener {
  readonly #db: Db
  readonly #clock: Clock
  #known: Catalogued | null = null
  #asOfMs = Number.NEGATIVE_INFINITY
  #reading: Promise<Catalogued> | null = null
  #next: Promise<Catalogued> | null = null

  constructor(db: Db, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /** Synchronous on a cache hit. Rejects with a SourceUnavailableError. */
  get(): Catalogued | Promise<Catalogued> {
    if (this.#known !== null && this.#clock.steadyMs() - this.#asOfMs < FRESH_MS) return this.#known
    return this.#reading ?? this.#read()
  }

  /** Identifier of the default API, for requests that name none; as {@link get}. */
  defaultIdentifier(): string | Promise<string> {
    const known = this.get()
    return known instanceof Promise
      ? known.then(({ defaultIdentifier }) => defaultIdentifier)
      : known.defaultIdentifier
  }

  /**
   * Reads the catalogue as it is after the call; concurrent calls are coalesced (single-flight). Rejects with a
   * SourceUnavailableError.
   */
  fresh(): Promise<Catalogued> {
    const running = this.#reading
    if (running === null) return this.#read()
    const again = () => {
      this.#next = null
      return this.#read()
    }
    this.#next ??= running.then(again, again)
    return this.#next
  }

  changed({ hashes, holders }: { readonly hashes: unknown; readonly holders?: unknown }): void {
    if (hashes === null && holders == null) this.#forget()
  }

  confirmed(atMs: number): void {
    this.#asOfMs = Math.max(this.#asOfMs, atMs)
  }

  restarted(): void {
    this.#forget()
  }

  #forget(): void {
    this.#known = null
    this.#reading = null
  }

  #read(): Promise<Catalogued> {
    const startedAtMs = this.#clock.steadyMs()
    const reading = asked(() => readCatalogue(this.#db))
    this.#reading = reading
    // A read that began before a change is only for calls from before it.
    const isCurrent = () => this.#reading === reading
    const keep = (read: Catalogued) => {
      if (!isCurrent()) return
      this.#known = read
      this.#asOfMs = startedAtMs
      this.#reading = null
    }
    const fail = () => {
      if (isCurrent()) this.#reading = null
    }
    reading.then(keep, fail)
    return reading
  }
}

async function readCatalogue(db: Db): Promise<Catalogued> {
  const [scopes, apis] = await Promise.all([allScopes(db), allApis(db)])
  return {
    scopes,
    names: new Set(scopes.map(({ name }) => name)),
    resources: new Set(apis.map(({ identifier }) => canonicalResource(identifier))),
    defaultIdentifier: apis.find(({ isDefault }) => isDefault)?.identifier ?? '',
  }
}
