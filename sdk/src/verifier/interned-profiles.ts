import type { ChangedHolders } from '../source/changes.ts'
import type { IpRanges } from '../verdict/ip-ranges.ts'
import type { CredentialRecord, Profile } from '../verdict/record.ts'
import { deepFrozen, viewOf } from '../verdict/scopes-view.ts'
import { bytesOfJson, bytesOfLimits, bytesOfScopes, bytesOfText, copyOf } from './bytes.ts'

/** Bytes of a profile besides its key: the object, its parts, its place in the map. */
const BYTES_OF_PROFILE = 500
/** Bytes of a part besides its key and its value. */
const BYTES_OF_PART = 200

export interface InternedProfile extends Profile {
  /** The scopes as a principal has them: a view that cannot be changed. */
  readonly scopesView: ReadonlySet<string>
  /** The canonical text of the content, by which an equal one is found. */
  readonly key: string
  readonly parts: readonly Part[]
  /** Credentials in the cache that have it. */
  references: number
  /** Its owner or its client has changed since: no record that has it may be used. */
  isInvalidated: boolean
}

/** A value that several profiles share, such as a list of scopes. */
interface Part {
  /** Stands for it in the key of a profile. */
  readonly id: number
  readonly key: string
  readonly value: unknown
  readonly bytes: number
  /** Profiles that have it. */
  references: number
}

/**
 * Interns the parts of records that many credentials share; entries are reference-counted. Equal profiles are one object,
 * and different ones share equal parts: a million keys of as many owners mostly have one of a few sets of scopes, and
 * what is shared stays in the processor's caches.
 *
 * Interned values are handed out with every principal, so they are frozen.
 */
export class InternedProfiles {
  readonly #byKey = new Map<string, InternedProfile>()
  readonly #ofOwner = new ProfilesById()
  readonly #ofClient = new ProfilesById()
  readonly #parts = new Map<string, Part>()
  #lastId = 0
  #last = NOTHING_INTERNED
  #bytes = 0

  /** About how many bytes they take, and not fewer. */
  get bytes(): number {
    return this.#bytes
  }

  /** Returns the profile of a record, and counts a reference to it; {@link release} it once for each call. */
  intern(record: CredentialRecord): InternedProfile {
    const last = this.#last.profile
    const isLast = last !== null && !last.isInvalidated && last.references > 0
    const known = isLast && isAlike(record, this.#last.record) ? last : this.#findOrAdd(record)
    known.references += 1
    return known
  }

  #findOrAdd(record: CredentialRecord): InternedProfile {
    const keys = this.#partKeysOf(record)
    const profile = this.#find(record, keys) ?? this.#add(record, keys)
    this.#last = { record, keys, profile }
    return profile
  }

  /** Runs for each record that comes into the cache, so it copies and freezes nothing. */
  #find(record: CredentialRecord, keys: PartKeys): InternedProfile | undefined {
    const [environment, scopes, metadata] = [
      this.#parts.get(keys.environment),
      this.#parts.get(keys.scopes),
      this.#parts.get(keys.metadata),
    ]
    if (environment === undefined || scopes === undefined || metadata === undefined) return undefined
    let ids = `${environment.id} ${scopes.id} ${metadata.id}`
    for (const key of [keys.audiences, keys.ipAllowlist, keys.limits]) {
      if (key === null) continue
      const part = this.#parts.get(key)
      if (part === undefined) return undefined
      ids += ` ${part.id}`
    }
    return this.#byKey.get(keyOf(record, ids))
  }

  /** Writes a key anew only where the part is another one than the last record's: those of one answer mostly share them. */
  #partKeysOf(record: CredentialRecord): PartKeys {
    const { record: last, keys } = this.#last
    const { environment, scopes, metadata, audiences, ipAllowlist, limits } = record
    return {
      environment: environment === last?.environment ? keys.environment : `e${environment}`,
      scopes: scopes === last?.scopes ? keys.scopes : `s${JSON.stringify([...scopes])}`,
      metadata: metadata === last?.metadata ? keys.metadata : `m${JSON.stringify(metadata)}`,
      audiences: audiences && `a${JSON.stringify(audiences)}`,
      ipAllowlist: ipAllowlist && `i${JSON.stringify(ipAllowlist.entries)}`,
      limits: limits && `l${JSON.stringify(limits)}`,
    }
  }

  #add(record: CredentialRecord, keys: PartKeys): InternedProfile {
    const parts: Part[] = []
    const share = <Value>(key: string | null, value: Value, bytesOf: (value: Value) => number): Value => {
      if (key === null) return value
      const part = this.#part(key, value, bytesOf)
      parts.push(part)
      return part.value as Value
    }
    const environment = share(keys.environment, copyOf(record.environment), bytesOfText)
    const { scopes, scopesView } = share(keys.scopes, withView(record.scopes), ({ scopes }) =>
      bytesOfScopes(scopes),
    )
    const metadata = share(keys.metadata, deepFrozen(record.metadata), bytesOfJson)
    const audiences = share(keys.audiences, deepFrozen(record.audiences), bytesOfJson)
    const ipAllowlist = record.ipAllowlist && share(keys.ipAllowlist, record.ipAllowlist, bytesOfRanges)
    const limits = record.limits && share(keys.limits, deepFrozen(record.limits), bytesOfLimits)
    for (const part of parts) this.#addReference(part)
    // One literal, without spreads: V8 keeps its fields in the object, so that a verification reads them from fewer lines of
    // the processor's cache.
    const interned: InternedProfile = {
      isInvalidated: false,
      kind: record.kind,
      environment,
      audiences,
      ipAllowlist,
      scopes,
      limits,
      scopesView,
      ownerId: copyOf(record.ownerId),
      clientId: record.clientId && copyOf(record.clientId),
      userId: record.userId && copyOf(record.userId),
      metadata,
      references: 0,
      key: keyOf(record, parts.map(({ id }) => id).join(' ')),
      parts,
    }
    this.#byKey.set(interned.key, interned)
    this.#ofOwner.add(interned.ownerId, interned)
    if (interned.clientId !== null) this.#ofClient.add(interned.clientId, interned)
    this.#bytes += bytesOfText(interned.key) + BYTES_OF_PROFILE
    return interned
  }

  release(profile: InternedProfile): void {
    profile.references -= 1
    if (profile.references > 0) return
    if (!profile.isInvalidated) this.#forget(profile)
    this.#bytes -= bytesOfText(profile.key) + BYTES_OF_PROFILE
    for (const part of profile.parts) {
      part.references -= 1
      if (part.references > 0) continue
      this.#parts.delete(part.key)
      this.#bytes -= part.bytes
    }
  }

  /** Invalidates the profiles of some owners and clients. An equal record from now on gets a new one. */
  invalidate({ ownerIds, clientIds }: ChangedHolders): void {
    const changed = [
      ...ownerIds.flatMap((id) => this.#ofOwner.all(id)),
      ...clientIds.flatMap((id) => this.#ofClient.all(id)),
    ]
    for (const profile of changed) {
      if (profile.isInvalidated) continue
      profile.isInvalidated = true
      this.#forget(profile)
    }
  }

  clear(): void {
    this.#byKey.clear()
    this.#ofOwner.clear()
    this.#ofClient.clear()
    this.#parts.clear()
    this.#last = NOTHING_INTERNED
    this.#bytes = 0
  }

  #forget(profile: InternedProfile): void {
    this.#byKey.delete(profile.key)
    this.#ofOwner.delete(profile.ownerId, profile)
    if (profile.clientId !== null) this.#ofClient.delete(profile.clientId, profile)
  }

  /** Returns the first of equal parts. It is kept once a profile refers to it. */
  #part<Value>(key: string, value: Value, bytesOf: (value: Value) => number): Part {
    const known = this.#parts.get(key)
    if (known !== undefined) return known
    this.#lastId += 1
    return {
      id: this.#lastId,
      key,
      value,
      bytes: BYTES_OF_PART + bytesOfText(key) + bytesOf(value),
      references: 0,
    }
  }

  #addReference(part: Part): void {
    if (part.references === 0) {
      this.#parts.set(part.key, part)
      this.#bytes += part.bytes
    }
    part.references += 1
  }
}

/** Profiles by the id of an owner or client. Most have one, for which a set would take more memory than the profile. */
class ProfilesById {
  readonly #byId = new Map<string, InternedProfile | Set<InternedProfile>>()

  all(id: string): readonly InternedProfile[] {
    const found = this.#byId.get(id)
    return found === undefined ? [] : found instanceof Set ? [...found] : [found]
  }

  add(id: string, profile: InternedProfile): void {
    const found = this.#byId.get(id)
    if (found === undefined) this.#byId.set(id, profile)
    else if (found instanceof Set) found.add(profile)
    else this.#byId.set(id, new Set([found, profile]))
  }

  delete(id: string, profile: InternedProfile): void {
    const found = this.#byId.get(id)
    if (!(found instanceof Set)) this.#byId.delete(id)
    else if (found.delete(profile) && found.size === 0) this.#byId.delete(id)
  }

  clear(): void {
    this.#byId.clear()
  }
}

/** Keys of the parts of a record, in the order in which their ids stand in the key of its profile; null: no such part. */
type PartKeys = Readonly<
  Record<'environment' | 'scopes' | 'metadata', string> &
    Record<'audiences' | 'ipAllowlist' | 'limits', string | null>
>

const NO_KEYS: PartKeys = {
  environment: '',
  scopes: '',
  metadata: '',
  audiences: null,
  ipAllowlist: null,
  limits: null,
}

/** The record that was interned last, with the keys of its parts and its profile. */
interface Interned {
  readonly record: CredentialRecord | null
  readonly keys: PartKeys
  readonly profile: InternedProfile | null
}

const NOTHING_INTERNED: Interned = { record: null, keys: NO_KEYS, profile: null }

/** Tells cheaply that two records have equal profiles: keys of one owner mostly come together, with the same objects. */
function isAlike(one: CredentialRecord, other: CredentialRecord | null): boolean {
  return (
    other !== null &&
    one.ownerId === other.ownerId &&
    one.scopes === other.scopes &&
    one.metadata === other.metadata &&
    one.environment === other.environment &&
    one.kind === other.kind &&
    one.clientId === other.clientId &&
    one.userId === other.userId &&
    one.audiences === other.audiences &&
    one.ipAllowlist === other.ipAllowlist &&
    one.limits === other.limits
  )
}

function withView(scopes: ReadonlySet<string>) {
  return { scopes, scopesView: viewOf(scopes) }
}

/**
 * Joins what tells profiles apart, with the lengths of the texts: `JSON.stringify` takes twice as long.
 *
 * @param partIds with spaces between; an id stands for one kind of part only
 */
function keyOf({ kind, ownerId, clientId, userId }: Profile, partIds: string): string {
  return `${kind} ${partIds} ${ownerId.length} ${clientId?.length} ${userId?.length} ${ownerId}${clientId}${userId}`
}

/** Counts the numbers too that the ranges become when they are first used. */
function bytesOfRanges({ entries }: IpRanges): number {
  return 600 + bytesOfJson(entries) + entries.length * 32
}
