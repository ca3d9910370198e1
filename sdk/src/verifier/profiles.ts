import type { ChangedHolders } from '../source/changes.ts'
import type { IpRanges } from '../verdict/ip-ranges.ts'
import type { CredentialRecord, Profile } from '../verdict/record.ts'
import { deepFrozen, viewOf } from '../verdict/scopes-view.ts'
import { bytesOfJson, bytesOfLimits, bytesOfScopes, bytesOfText, copyOf } from './bytes.ts'

/** Bytes of a profile besides its text: the object, its parts, its place in the list. */
const BYTES_OF_PROFILE = 500
/** Bytes of a part besides its text and its value. */
const BYTES_OF_PART = 200

/** A profile that is kept for who holds it. */
export interface HeldProfile extends Profile {
  /** The scopes as a principal has them. */
  readonly shownScopes: ReadonlySet<string>
  /** Its whole content, in one spelling. */
  readonly text: string
  readonly parts: readonly Part[]
  holders: number
  /** Its owner or its client has changed since: no record that has it is to be used. */
  isOutdated: boolean
}

/** What profiles have in common, such as a list of scopes. */
interface Part {
  /** Stands for it in the text of a profile. */
  readonly id: number
  readonly text: string
  readonly value: unknown
  readonly bytes: number
  /** Profiles, and not credentials. */
  holders: number
}

/**
 * Equal profiles, kept once for as long as a credential holds them. Different ones share what they have in common: a
 * million keys of as many owners mostly have one of a few sets of scopes, and what is shared stays near the processor.
 *
 * What is kept is handed out with every principal, so it is frozen.
 */
export class Profiles {
  readonly #held = new Map<string, HeldProfile>()
  readonly #ofOwner = new ProfilesById()
  readonly #ofClient = new ProfilesById()
  readonly #parts = new Map<string, Part>()
  #lastId = 0
  #bytes = 0

  /** About how much memory they take, and not less. */
  get bytes(): number {
    return this.#bytes
  }

  /** The profile of a record; for each call one {@link release}. */
  hold(record: CredentialRecord): HeldProfile {
    const { credentialId, keyId, ended, retiresAt, expiresAt, ...profile } = record
    const parts: Part[] = []
    const share = <Value>(
      kind: string,
      value: Value,
      text: string,
      bytesOf: (value: Value) => number,
    ): Value => {
      const part = this.#part(kind + text, value, bytesOf)
      parts.push(part)
      return part.value as Value
    }
    const json = <Value>(kind: string, value: Value): Value =>
      value === null ? value : share(kind, value, JSON.stringify(deepFrozen(value)), bytesOfJson)
    const shared = {
      ...profile,
      scopes: share('s', profile.scopes, JSON.stringify([...profile.scopes]), bytesOfScopes),
      metadata: json('m', profile.metadata),
      audiences: json('a', profile.audiences),
      ipAllowlist:
        profile.ipAllowlist &&
        share('i', profile.ipAllowlist, JSON.stringify(profile.ipAllowlist.entries), bytesOfRanges),
      limits:
        profile.limits &&
        share('l', profile.limits, JSON.stringify(deepFrozen(profile.limits)), bytesOfLimits),
    }
    const text = textOf(shared, parts)
    const known = this.#held.get(text)
    if (known !== undefined) {
      known.holders += 1
      return known
    }
    for (const part of parts) this.#holdPart(part)
    const held = {
      ...shared,
      ownerId: copyOf(profile.ownerId),
      environment: copyOf(profile.environment),
      clientId: profile.clientId && copyOf(profile.clientId),
      userId: profile.userId && copyOf(profile.userId),
      shownScopes: viewOf(shared.scopes),
      text,
      parts,
      holders: 1,
      isOutdated: false,
    }
    this.#held.set(text, held)
    this.#ofOwner.add(held.ownerId, held)
    if (held.clientId !== null) this.#ofClient.add(held.clientId, held)
    this.#bytes += bytesOfText(text) + BYTES_OF_PROFILE
    return held
  }

  release(profile: HeldProfile): void {
    profile.holders -= 1
    if (profile.holders > 0) return
    if (!profile.isOutdated) this.#forget(profile)
    this.#bytes -= bytesOfText(profile.text) + BYTES_OF_PROFILE
    for (const part of profile.parts) {
      part.holders -= 1
      if (part.holders > 0) continue
      this.#parts.delete(part.text)
      this.#bytes -= part.bytes
    }
  }

  /** Marks all that are some owners' or some clients': who comes with an equal one from now on gets a new one. */
  outdate({ ownerIds, clientIds }: ChangedHolders): void {
    const changed = [
      ...ownerIds.flatMap((id) => this.#ofOwner.all(id)),
      ...clientIds.flatMap((id) => this.#ofClient.all(id)),
    ]
    for (const profile of changed) {
      if (profile.isOutdated) continue
      profile.isOutdated = true
      this.#forget(profile)
    }
  }

  clear(): void {
    this.#held.clear()
    this.#ofOwner.clear()
    this.#ofClient.clear()
    this.#parts.clear()
    this.#bytes = 0
  }

  #forget(profile: HeldProfile): void {
    this.#held.delete(profile.text)
    this.#ofOwner.delete(profile.ownerId, profile)
    if (profile.clientId !== null) this.#ofClient.delete(profile.clientId, profile)
  }

  /** The first of equal parts. It is kept where a profile that holds it is. */
  #part<Value>(text: string, value: Value, bytesOf: (value: Value) => number): Part {
    const known = this.#parts.get(text)
    if (known !== undefined) return known
    this.#lastId += 1
    return {
      id: this.#lastId,
      text,
      value,
      bytes: BYTES_OF_PART + bytesOfText(text) + bytesOf(value),
      holders: 0,
    }
  }

  #holdPart(part: Part): void {
    if (part.holders === 0) {
      this.#parts.set(part.text, part)
      this.#bytes += part.bytes
    }
    part.holders += 1
  }
}

/** Most ids have one profile, for which a set would take more memory than the profile. */
class ProfilesById {
  readonly #found = new Map<string, HeldProfile | Set<HeldProfile>>()

  all(id: string): readonly HeldProfile[] {
    const found = this.#found.get(id)
    return found === undefined ? [] : found instanceof Set ? [...found] : [found]
  }

  add(id: string, profile: HeldProfile): void {
    const found = this.#found.get(id)
    if (found === undefined) this.#found.set(id, profile)
    else if (found instanceof Set) found.add(profile)
    else this.#found.set(id, new Set([found, profile]))
  }

  delete(id: string, profile: HeldProfile): void {
    const found = this.#found.get(id)
    if (!(found instanceof Set)) this.#found.delete(id)
    else if (found.delete(profile) && found.size === 0) this.#found.delete(id)
  }

  clear(): void {
    this.#found.clear()
  }
}

/** A list, because an object costs twice as much to write. Parts follow in their order; their texts begin with their kind. */
function textOf(profile: Profile, parts: readonly Part[]): string {
  return JSON.stringify([
    profile.kind,
    profile.ownerId,
    profile.environment,
    profile.clientId,
    profile.userId,
    ...parts.map(({ id }) => id),
  ])
}

/** With the numbers that it makes when it is first asked. */
function bytesOfRanges({ entries }: IpRanges): number {
  return 600 + bytesOfJson(entries) + entries.length * 32
}
