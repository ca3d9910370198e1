import { canonicalJson, systemOrigin } from '../../audit/audit-event.ts'
import { addSeconds, type Clock } from '../../base/clock.ts'
import { FixedWindowLimiter } from '../../base/fixed-window-limiter.ts'
import { networksOf } from '../../base/network.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { announceOnly, record } from '../../changes/record.ts'
import type { Db, Tx } from '../../db/schema.ts'
import type { Logger } from '../../http/log.ts'
import type { BoundedFault, BoundedFetch } from '../../outbound/bounded-fetch.ts'
import { basicScopes } from '../../scopes/scope.store.ts'
import type { ClientDescription } from '../check-client.ts'
import { insertClientOnce, knownClient, lockClient, updateMetadata } from '../client.store.ts'
import { type Client, whyEnded } from '../client.ts'
import type { PrivateSchemes } from '../redirect-uri.ts'
import { readClientMetadata } from './read-client-metadata.ts'
import {
  documentFreshUntil,
  hasGrant,
  hasRoom,
  isReliedOn,
  keepDocument,
} from './unregistered-client.store.ts'

/** Hosts whose documents are fetched: none, some, or any. */
export type DocumentHosts = 'none' | 'any' | ReadonlySet<string>

/** Shortest and longest lifetime of a document, whatever its server says, in seconds. */
const LEAST_SECONDS = 300
const MOST_SECONDS = 86_400
/** Time until an unusable document is fetched again. */
const AFTER_A_FAULT_MS = 30_000
const MAX_FAULTS = 1_000
/** Time for which the last good document is used past its lifetime while its server is unreachable, in seconds. */
const LAST_GOOD_SECONDS = 86_400
/** Anyone can name a URL, so fetches for one network and stored clients are bounded. */
const READS = { most: 20, windowMs: 600_000 }
/** The same for a /48 of IPv6, which has many networks. */
const READS_OF_A_SITE = { most: 100, windowMs: 600_000 }
const MAX_DOCUMENT_CLIENTS = 10_000

/**
 * Why no document was read: it is not a client, or gone (`unusable`); its server is unreachable (`away`); or too many
 * are being fetched (`too_many`).
 */
type ReadFault = 'unusable' | 'away' | 'too_many'

/** Faults that say nothing about the document, so that the last good one is used for a while. */
const AWAY: ReadonlySet<BoundedFault> = new Set([
  'not_resolved',
  'address_not_public',
  'not_reached',
  'too_slow',
  'status',
  'not_json',
  'too_large',
  'host_failing',
])

export interface DocumentClientsParts {
  readonly db: Db
  readonly clock: Clock
  readonly log: Logger
  readonly fetch: BoundedFetch
  readonly hosts: DocumentHosts
  readonly environment: string
  readonly privateSchemes?: PrivateSchemes | undefined
  /** Called once a change is committed, and awaited: this server must not use a withdrawn key. */
  readonly onChanged: () => Promise<void>
}

/**
 * Clients without registration: their id is the https URL of their own metadata document
 * (draft-ietf-oauth-client-id-metadata-document). They are stored among the others, and can be suspended like them.
 * The fetch is guarded against SSRF (`outbound`).
 */
export class DocumentClients {
  readonly #parts: DocumentClientsParts
  readonly #reading = new Map<string, Promise<Result<Client, ReadFault>>>()
  readonly #faulty = new Map<string, { readonly fault: ReadFault; readonly untilMs: number }>()
  readonly #reads: readonly FixedWindowLimiter[]

  constructor(parts: DocumentClientsParts) {
    this.#parts = parts
    this.#reads = [READS, READS_OF_A_SITE].map((limit) => new FixedWindowLimiter(parts.clock, limit))
  }

  /**
   * Finds a client of any origin. Fetches its document where that is due. Where nothing can be fetched, the last good
   * document is used for one more day, and never longer: what was withdrawn there must be worth nothing here.
   *
   * @param ip of the browser that causes the fetch
   * @returns `busy`: too many fetches at the moment; undefined: no such client
   */
  async find(id: string, ip: string | null): Promise<Client | 'busy' | undefined> {
    const { db, clock } = this.#parts
    const known = await knownClient(db, id)
    if (known !== undefined && known.source !== 'metadata_document') return known
    if (!this.#isReadable(id)) return undefined
    const freshUntil = known === undefined ? undefined : await documentFreshUntil(db, id)
    if (freshUntil !== undefined && freshUntil > clock.now()) return known
    const read = await this.#readOnce(id, known, ip)
    if (read.ok) return read.value
    const isLately = freshUntil !== undefined && addSeconds(freshUntil, LAST_GOOD_SECONDS) > clock.now()
    if (read.no !== 'unusable' && isLately) return known
    return read.no === 'too_many' ? 'busy' : undefined
  }

  /** Refreshes a known client whose keys are in its document. @returns undefined where that is impossible */
  async current(known: Client, ip: string | null): Promise<Client | undefined> {
    const { db, clock } = this.#parts
    const { id, source, tokenEndpointAuthMethod: method } = known
    if (source !== 'metadata_document' || method !== 'private_key_jwt') return known
    if (whyEnded(known) !== null || !this.#isReadable(id)) return known
    const freshUntil = await documentFreshUntil(db, id)
    if (freshUntil !== undefined && freshUntil > clock.now()) return known
    const found = await this.find(id, ip)
    return found === 'busy' ? undefined : found
  }

  /**
   * Coalesces fetches of one document (single-flight). A caller does not share a refusal that was due to another
   * caller's bound.
   */
  async #readOnce(
    id: string,
    known: Client | undefined,
    ip: string | null,
  ): Promise<Result<Client, ReadFault>> {
    const faulty = this.#faulty.get(id)
    if (faulty !== undefined && faulty.untilMs > this.#parts.clock.steadyMs()) return no(faulty.fault)
    const running = this.#reading.get(id)
    const shared = await running
    if (shared !== undefined && (shared.ok || shared.no !== 'too_many')) return shared
    const reading = this.#readFor(id, known, ip)
    this.#reading.set(id, reading)
    try {
      return await reading
    } finally {
      if (this.#reading.get(id) === reading) this.#reading.delete(id)
    }
  }

  async #readFor(
    id: string,
    known: Client | undefined,
    ip: string | null,
  ): Promise<Result<Client, ReadFault>> {
    const { db, log, fetch } = this.#parts
    const isRelied = known !== undefined && (await isReliedOn(db, known))
    const waits = isRelied ? [] : networksOf(ip).map((network, n) => this.#reads[n]?.count(network) ?? null)
    const fetched = waits.every((wait) => wait === null)
      ? await fetch(id, { ip, isRelied })
      : no('too_many' as const)
    if (!fetched.ok && fetched.no === 'too_many') {
      log.info({ client_id: id, ip }, 'client document not fetched: too many fetches')
      return no('too_many')
    }
    if (!fetched.ok) return this.#noteFault(id, AWAY.has(fetched.no) ? 'away' : 'unusable', fetched.no)
    const { json, maxAgeSeconds } = fetched.value
    const described = readDocument(id, json, await basicScopes(db), this.#parts.privateSchemes)
    if (typeof described === 'string') return this.#noteFault(id, 'unusable', described)
    const client = await this.#keep(id, described, maxAgeSeconds ?? LEAST_SECONDS)
    return client === undefined ? no('too_many') : yes(client)
  }

  #noteFault(id: string, fault: ReadFault, reason: string): Result<never, ReadFault> {
    const { clock, log } = this.#parts
    log.info({ client_id: id, reason }, 'client document unusable')
    this.#faulty.delete(id)
    const [oldest] = this.#faulty.size < MAX_FAULTS ? [] : this.#faulty.keys()
    if (oldest !== undefined) this.#faulty.delete(oldest)
    this.#faulty.set(id, { fault, untilMs: clock.steadyMs() + AFTER_A_FAULT_MS })
    return no(fault)
  }

  #isReadable(id: string): boolean {
    const { hosts } = this.#parts
    const url = hosts === 'none' ? null : documentUrl(id)
    return url !== null && (hosts === 'any' || (hosts !== 'none' && hosts.has(url.host)))
  }

  /**
   * @returns undefined where the maximum of such clients is reached
   * @param asked lifetime in seconds that its server names
   */
  async #keep(id: string, described: ClientDescription, asked: number): Promise<Client | undefined> {
    const { db, clock, log, onChanged } = this.#parts
    const now = clock.now()
    const freshUntil = addSeconds(now, Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, asked)))
    if (
      (await knownClient(db, id)) === undefined &&
      !(await hasRoom(db, 'metadata_document', MAX_DOCUMENT_CLIENTS))
    ) {
      log.warn({ client_id: id }, 'there are as many clients with documents as are allowed')
      return undefined
    }
    const isAnother = await db.transaction().execute(async (tx) => {
      const isAnother = await this.#write(tx, now, id, described)
      await keepDocument(tx, id, now, freshUntil)
      return isAnother
    })
    if (isAnother) await onChanged()
    return await knownClient(db, id)
  }

  /**
   * Stores the document under the row's lock: meanwhile an operator may have changed the client, or another server
   * stored the same. The audit event of a new client waits for its first grant: `recordFirstGrant`.
   *
   * @returns true where this changed a client that was known before
   */
  async #write(tx: Tx, now: Date, id: string, described: ClientDescription): Promise<boolean> {
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
      await insertClientOnce(tx, client)
      return false
    }
    const said = { ...described, ...setByOperator(held) }
    if (held.revokedAt !== null || !differs(held, said)) return false
    await updateMetadata(tx, held, said)
    const altersVerdictsOf = { clientId: id }
    // A document says what its author likes, as often: it is audited from its first grant on (AUD-12).
    if (await hasGrant(tx, id, null))
      await record(tx, systemOrigin(now), {
        action: 'client.changed',
        target: { id, ownerId: null },
        altersVerdictsOf,
      })
    else await announceOnly(tx, now, 'client.changed', altersVerdictsOf)
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

function readDocument(
  id: string,
  json: unknown,
  ceiling: readonly string[],
  privateSchemes: PrivateSchemes | undefined,
): ClientDescription | string {
  const { client_id: said, client_secret: secret } = Object(json) as Record<string, unknown>
  if (said !== id) return 'client_id is not the URL of the document'
  if (secret !== undefined) return 'a document that everybody can read holds a client_secret'
  const read = readClientMetadata(json, ceiling, 'none', privateSchemes)
  if (!read.ok) return read.no.description
  const { tokenEndpointAuthMethod: method } = read.value
  return method === 'none' || method === 'private_key_jwt'
    ? read.value
    : 'a secret would have to be shared first'
}

/** Fields that a document cannot set and an operator can: see `change-client.ts`. */
function setByOperator(client: Client) {
  const { testers, refreshGraceSeconds, requiredScopes, optionalScopes } = client
  const ceiling = client.ceilingSetByOperator ? { requiredScopes, optionalScopes } : {}
  return { testers, refreshGraceSeconds, ...ceiling }
}

/** Kept as JSON by the database, which has an order of its own for what is in an object. */
function differs(known: Client, described: ClientDescription): boolean {
  return (Object.keys(described) as (keyof ClientDescription)[]).some(
    (field) => canonicalJson(known[field]) !== canonicalJson(described[field]),
  )
}
