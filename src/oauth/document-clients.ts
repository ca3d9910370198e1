import { recordDone } from '../audit/audit-event.store.ts'
import { canonicalJson, type Origin } from '../audit/audit-event.ts'
import { addSeconds, type Clock } from '../base/clock.ts'
import { announce } from '../changes/change.store.ts'
import type { Described } from '../clients/check-client.ts'
import { insertClientOnce, knownClient, lockClient, updateMetadata } from '../clients/client.store.ts'
import { type Client, whyEnded } from '../clients/client.ts'
import { readSelfDescribed } from '../clients/self-described.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { Logger } from '../http/log.ts'
import { networkOf } from '../http/network.ts'
import type { FetchDocument } from '../http/outbound.ts'
import { Tally } from '../http/tally.ts'
import { basicScopes } from '../scopes/scope.store.ts'
import { countOfSource, documentFreshUntil, keepDocument } from './self-described.store.ts'

/** Which hosts' documents are read: none, some, or any. */
export type DocumentHosts = 'none' | 'any' | ReadonlySet<string>

/** How long a document is believed, whatever its server says, in seconds. */
const LEAST_SECONDS = 300
const MOST_SECONDS = 86_400
/** How soon one that could not be had is asked for again. */
const AFTER_A_FAULT_MS = 30_000
const MAX_FAULTS = 1_000
/** How long what was read last still proves a client, in seconds, where its server cannot be reached. */
const LAST_GOOD_SECONDS = 86_400
/** Anybody can name a URL: so many are read at a time, so often for one network, and so many clients are kept. */
const MAX_READING = 8
const READS = { most: 20, windowMs: 600_000 }
const MAX_DOCUMENT_CLIENTS = 10_000

export interface DocumentClientsParts {
  readonly db: Db
  readonly clock: Clock
  readonly log: Logger
  readonly fetch: FetchDocument
  readonly hosts: DocumentHosts
  readonly environment: string
  /** Called once a change is committed, and awaited: this server must not use a key that was withdrawn. */
  readonly onChanged: () => Promise<void>
}

/**
 * Clients that nobody has registered: their id is the https URL of a document in which they describe themselves
 * (draft-ietf-oauth-client-id-metadata-document). They are kept as rows among the others, and can be suspended like them.
 */
export class DocumentClients {
  readonly #parts: DocumentClientsParts
  readonly #reading = new Map<string, Promise<Client | undefined>>()
  readonly #faultyUntilMs = new Map<string, number>()
  readonly #reads: Tally

  constructor(parts: DocumentClientsParts) {
    this.#parts = parts
    this.#reads = new Tally(parts.clock, READS)
  }

  /**
   * The client, whoever made it known; read anew where that is due.
   *
   * @param ip on whose behalf; undefined: nobody's in particular, and not counted
   */
  async find(id: string, ip?: string | null): Promise<Client | undefined> {
    const { db, clock, log } = this.#parts
    const known = await knownClient(db, id)
    if (known !== undefined && known.source !== 'metadata_document') return known
    if (!this.#isReadable(id)) return undefined
    if (known !== undefined && ((await documentFreshUntil(db, id)) ?? 0) > clock.now()) return known
    if ((this.#faultyUntilMs.get(id) ?? Number.NEGATIVE_INFINITY) > clock.steadyMs()) return undefined
    const running = this.#reading.get(id)
    if (running !== undefined) return await running
    const tooMuch =
      this.#reading.size >= MAX_READING || (ip !== undefined && this.#reads.count(networkOf(ip)) !== null)
    if (tooMuch) {
      log.info({ client_id: id, ip }, 'too many documents of clients are asked for; this one is not read')
      return known
    }
    const reading = this.#read(id, known).finally(() => this.#reading.delete(id))
    this.#reading.set(id, reading)
    return await reading
  }

  /**
   * A known client as its document says now, for those whose keys are in it: a key that was withdrawn there must prove
   * nothing here. While its server cannot be reached, what it said last holds for a day.
   */
  async current(known: Client): Promise<Client | undefined> {
    const { db, clock } = this.#parts
    const { id, source, tokenEndpointAuthMethod: method } = known
    if (source !== 'metadata_document' || method !== 'private_key_jwt') return known
    if (whyEnded(known) !== null || !this.#isReadable(id)) return known
    const freshUntil = await documentFreshUntil(db, id)
    if (freshUntil !== undefined && freshUntil > clock.now()) return known
    const read = await this.find(id)
    const isLately = freshUntil !== undefined && addSeconds(freshUntil, LAST_GOOD_SECONDS) > clock.now()
    return read ?? (isLately ? known : undefined)
  }

  #isReadable(id: string): boolean {
    const { hosts } = this.#parts
    const url = hosts === 'none' ? null : documentUrl(id)
    return url !== null && (hosts === 'any' || (hosts !== 'none' && hosts.has(url.host)))
  }

  async #read(id: string, known: Client | undefined): Promise<Client | undefined> {
    const { db, clock, log, fetch, onChanged } = this.#parts
    const fetched = await fetch(id)
    const described = fetched.ok ? readDocument(id, fetched.value.json, await basicScopes(db)) : fetched.no
    if (typeof described === 'string') {
      log.info({ client_id: id, reason: described }, 'the document of a client cannot be used')
      if (this.#faultyUntilMs.size >= MAX_FAULTS) this.#faultyUntilMs.clear()
      this.#faultyUntilMs.set(id, clock.steadyMs() + AFTER_A_FAULT_MS)
      return undefined
    }
    const now = clock.now()
    const asked = fetched.ok ? (fetched.value.maxAgeSeconds ?? LEAST_SECONDS) : LEAST_SECONDS
    const freshUntil = addSeconds(now, Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, asked)))
    const origin: Origin = { actor: { kind: 'system', id: null }, ip: null, requestId: null, now }
    if (known === undefined && (await countOfSource(db, 'metadata_document')) >= MAX_DOCUMENT_CLIENTS) {
      log.warn({ client_id: id }, 'there are as many clients with documents as are allowed')
      return undefined
    }
    const isAnother = await db.transaction().execute(async (tx) => {
      const isAnother = await this.#keep(tx, origin, id, described)
      await keepDocument(tx, id, now, freshUntil)
      return isAnother
    })
    if (isAnother) await onChanged()
    return await knownClient(db, id)
  }

  /**
   * As its row is now, locked: an operator may have said something of it while the document was read, and another server
   * may have read the same.
   *
   * @returns whether what is known here already has become another
   */
  async #keep(tx: Tx, origin: Origin, id: string, described: Described): Promise<boolean> {
    const { now } = origin
    const about = { ownerId: null, targetId: id }
    const held = await lockClient(tx, 'every_owner', id)
    if (held === undefined) {
      const life = { createdBy: 'system', createdAt: now, publishedAt: now }
      const source = 'metadata_document' as const
      const client = {
        ...described,
        ...life,
        id,
        ownerId: null,
        environment: this.#parts.environment,
        source,
      }
      if (await insertClientOnce(tx, client))
        await recordDone(tx, origin, 'client.created', about, { name: described.name })
      return false
    }
    const said = { ...described, ...setByOperator(held) }
    if (held.revokedAt !== null || !differs(held, said)) return false
    await updateMetadata(tx, held, said)
    await announce(tx, now, { action: 'client.changed', about: { clientId: id } })
    await recordDone(tx, origin, 'client.changed', about)
    return true
  }
}

/** A client id that can be a document's URL: https, a path, and nothing by which one document has two ids. */
function documentUrl(id: string): URL | null {
  const url = id.length <= 400 ? URL.parse(id) : null
  if (url === null || url.protocol !== 'https:' || url.href !== id) return null
  const plain = url.username === '' && url.password === '' && url.hash === '' && url.search === ''
  return plain && url.pathname !== '/' && !id.includes('#') && !id.includes('?') ? url : null
}

function readDocument(id: string, json: unknown, ceiling: readonly string[]): Described | string {
  const { client_id: said, client_secret: secret } = Object(json) as Record<string, unknown>
  if (said !== id) return 'client_id is not the URL of the document'
  if (secret !== undefined) return 'a document that everybody can read holds a client_secret'
  const read = readSelfDescribed(json, ceiling, 'none')
  if (!read.ok) return read.no.description
  const { tokenEndpointAuthMethod: method } = read.value
  return method === 'none' || method === 'private_key_jwt'
    ? read.value
    : 'a secret would have to be shared first'
}

/** What no document says, and an operator can: see `change-client.ts`. */
function setByOperator(client: Client) {
  const { testers, refreshGraceSeconds, requiredScopes, optionalScopes } = client
  const ceiling = client.ceilingSetByOperator ? { requiredScopes, optionalScopes } : {}
  return { testers, refreshGraceSeconds, ...ceiling }
}

/** Kept as JSON by the database, which has an order of its own for what is in an object. */
function differs(known: Client, described: Described): boolean {
  return (Object.keys(described) as (keyof Described)[]).some(
    (field) => canonicalJson(known[field]) !== canonicalJson(described[field]),
  )
}
