import type { CredentialRecord, Profile } from './record.ts'

/** Bytes of a profile besides its text: the object, its place in the list, the owner's id. An estimate, and not a low one. */
const BYTES_OF_PROFILE = 400
/** Parts that profiles share. Beyond so many they are forgotten, and shared anew from then on. */
const MAX_SHARED = 1_000

/** A profile that is kept for who holds it. */
export interface HeldProfile extends Profile {
  /** Its whole content, in one spelling. */
  readonly text: string
  holders: number
}

/**
 * Equal profiles, kept once for as long as somebody holds them. Different ones share what they have in common: a million
 * keys of as many owners mostly have one of a few sets of scopes, and what is shared stays near the processor.
 */
export class Profiles {
  readonly #held = new Map<string, HeldProfile>()
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
    }
    this.#held.set(text, held)
    this.#bytes += text.length + BYTES_OF_PROFILE
    return held
  }

  release(profile: HeldProfile): void {
    profile.holders -= 1
    if (profile.holders > 0) return
    this.#held.delete(profile.text)
    this.#bytes -= profile.text.length + BYTES_OF_PROFILE
  }

  clear(): void {
    this.#held.clear()
    this.#shared.clear()
    this.#bytes = 0
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
