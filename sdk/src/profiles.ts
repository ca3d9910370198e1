import type { CredentialRecord, Profile } from './record.ts'

/** Bytes of a profile besides its text: the object, its places in the lists, the owner's id. An estimate, and not a low one. */
const BYTES_OF_PROFILE = 400
/** Parts that profiles share. Beyond so many they are forgotten, and shared anew from then on. */
const MAX_SHARED = 1_000

/**
 * Equal profiles, kept once for as long as somebody holds them, and called by a small number. Different ones share what
 * they have in common: a million keys of as many owners mostly have one of a few sets of scopes, and what is shared
 * stays near the processor.
 */
export class Profiles {
  readonly #profiles: (Profile | undefined)[] = []
  /** A profile's text is its whole content, in one spelling. */
  readonly #texts: string[] = []
  readonly #holders: number[] = []
  readonly #numbers = new Map<string, number>()
  readonly #shared = new Map<string, unknown>()
  readonly #free: number[] = []
  #bytes = 0

  /** About how much memory they take. */
  get bytes(): number {
    return this.#bytes
  }

  /** The number of the profile of a record; for each call one {@link release}. */
  hold(record: CredentialRecord): number {
    const text = textOf(record)
    const known = this.#numbers.get(text)
    if (known !== undefined) {
      this.#holders[known] = (this.#holders[known] ?? 0) + 1
      return known
    }
    const { credentialId, keyId, ended, retiresAt, expiresAt, ...profile } = record
    const number = this.#free.pop() ?? this.#profiles.length
    this.#profiles[number] = {
      ...profile,
      scopes: this.#share(JSON.stringify([...profile.scopes]), profile.scopes),
      metadata: this.#share(JSON.stringify(profile.metadata), profile.metadata),
    }
    this.#texts[number] = text
    this.#holders[number] = 1
    this.#numbers.set(text, number)
    this.#bytes += text.length + BYTES_OF_PROFILE
    return number
  }

  /** @throws RangeError for a number that nobody holds */
  get(number: number): Profile {
    const profile = this.#profiles[number]
    if (profile === undefined) throw new RangeError('no such profile is held')
    return profile
  }

  release(number: number): void {
    const holders = (this.#holders[number] ?? 0) - 1
    this.#holders[number] = holders
    if (holders > 0) return
    this.#profiles[number] = undefined
    const text = this.#texts[number] ?? ''
    this.#texts[number] = ''
    this.#numbers.delete(text)
    this.#free.push(number)
    this.#bytes -= text.length + BYTES_OF_PROFILE
  }

  clear(): void {
    for (const list of [this.#profiles, this.#texts, this.#holders, this.#free]) list.length = 0
    this.#numbers.clear()
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
