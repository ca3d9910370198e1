import type { ChangedHolders } from './changes.ts'
import type { CredentialRecord, Profile } from './record.ts'

/** Bytes of a profile besides its text: the object, its places in the lists, the owner's id. An estimate, and not a low one. */
const BYTES_OF_PROFILE = 450
/** Parts that profiles share. Beyond so many they are forgotten, and shared anew from then on. */
const MAX_SHARED = 1_000

/** A profile that is kept for who holds it. */
export interface HeldProfile extends Profile {
  /** Its whole content, in one spelling. */
  readonly text: string
  holders: number
  /** Its owner or its client has changed since: no record that has it is to be used. */
  isOutdated: boolean
}

/**
 * Equal profiles, kept once for as long as somebody holds them. Different ones share what they have in common: a million
 * keys of as many owners mostly have one of a few sets of scopes, and what is shared stays near the processor.
 */
export class Profiles {
  readonly #held = new Map<string, HeldProfile>()
  readonly #ofOwner = new ProfilesById()
  readonly #ofClient = new ProfilesById()
  readonly #shared = new Map<string, unknown>()
  #bytes = 0

  /** About how much memory they take. */
  get bytes(): number {
    return this.#bytes
  }

  /** The profile of a record; for each call one {@link release}. */
  hold(record: CredentialRecord): HeldProfile {
    const text = textOf(record)
    const known = this.#held.get(text)
    if (known !== undefined) {
      known.holders += 1
      return known
    }
    const { credentialId, keyId, ended, retiresAt, expiresAt, ...profile } = record
    const held = {
      ...profile,
      scopes: this.#share(JSON.stringify([...profile.scopes]), profile.scopes),
      metadata: this.#share(JSON.stringify(profile.metadata), profile.metadata),
      text,
      holders: 1,
      isOutdated: false,
    }
    this.#held.set(text, held)
    this.#ofOwner.add(held.ownerId, held)
    if (held.clientId !== null) this.#ofClient.add(held.clientId, held)
    this.#bytes += text.length + BYTES_OF_PROFILE
    return held
  }

  release(profile: HeldProfile): void {
    profile.holders -= 1
    if (profile.holders > 0) return
    if (!profile.isOutdated) this.#forget(profile)
    this.#bytes -= profile.text.length + BYTES_OF_PROFILE
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
    this.#shared.clear()
    this.#bytes = 0
  }

  #forget(profile: HeldProfile): void {
    this.#held.delete(profile.text)
    this.#ofOwner.delete(profile.ownerId, profile)
    if (profile.clientId !== null) this.#ofClient.delete(profile.clientId, profile)
  }

  /** The first of equal parts. */
  #share<Part>(text: string, part: Part): Part {
    const known = this.#shared.get(text)
    if (known !== undefined) return known as Part
    if (this.#shared.size >= MAX_SHARED) this.#shared.clear()
    this.#shared.set(text, part)
    return part
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

/** A list, because an object costs twice as much to write; each part stands at its place, also where it is null. */
function textOf(profile: Profile): string {
  return JSON.stringify([
    profile.kind,
    profile.ownerId,
    profile.environment,
    profile.clientId,
    profile.userId,
    [...profile.scopes],
    profile.metadata,
    profile.audiences,
    profile.ipAllowlist === null ? null : profile.ipAllowlist.entries,
    profile.limits,
  ])
}
