import { canonicalResource, SourceUnavailableError } from '@doorward/sdk/kernel'
import type { StoredChange } from '../changes/change.ts'
import type { FeedListener } from '../changes/changes-feed.ts'
import type { Logger } from '../http/log.ts'
import type { Catalogued, KnownCatalogue } from '../verification/known-catalogue.ts'
import type { ForwardAuthRules } from './forward-auth-rules.ts'

/**
 * Warns of undeclared scopes and APIs in the rules of forward-auth: such a rule refuses every key, or every token. Checks
 * at the start and after changes of the catalogue, and logs what is not in the last warning.
 */
export class UndeclaredInRules implements FeedListener {
  readonly #rules: ForwardAuthRules
  readonly #catalogue: KnownCatalogue
  readonly #log: Logger
  #warnedOf = ''

  constructor(rules: ForwardAuthRules, catalogue: KnownCatalogue, log: Logger) {
    this.#rules = rules
    this.#catalogue = catalogue
    this.#log = log
  }

  async look(): Promise<void> {
    try {
      const found = undeclaredIn(this.#rules, await this.#catalogue.fresh())
      const text = JSON.stringify(found)
      if (text === this.#warnedOf) return
      this.#warnedOf = text
      if (found.scopes.length > 0 || found.resources.length > 0)
        this.#log.warn(found, 'forward-auth rules name what is not declared: they refuse all that need it')
    } catch (error) {
      if (!(error instanceof SourceUnavailableError)) throw error
    }
  }

  changed({ hashes, holders }: StoredChange): void {
    if (hashes === null && holders == null) this.#lookLater()
  }

  confirmed(): void {}

  /** Called when the database answers again, or for the first time. */
  restarted(): void {
    this.#lookLater()
  }

  #lookLater(): void {
    this.look().catch((error) => this.#log.error({ err: error }, 'forward-auth rules were not compared'))
  }
}

function undeclaredIn({ rules }: ForwardAuthRules, { names, resources: declared }: Catalogued) {
  const scopes = new Set(rules.flatMap((rule) => rule.scopes ?? []))
  const resources = new Set(rules.flatMap((rule) => rule.resource ?? []))
  return {
    scopes: [...scopes].filter((scope) => !names.has(scope)),
    resources: [...resources].filter((resource) => !declared.has(canonicalResource(resource))),
  }
}
