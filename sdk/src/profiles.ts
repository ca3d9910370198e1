import type { CredentialRecord } from './record.ts'

/** What a record has in common with others: the keys of an owner mostly differ in their ids and ends alone. */
export type Profile = Omit<CredentialRecord, 'credentialId' | 'keyId' | 'ended' | 'retiresAt' | 'expiresAt'>

interface Held {
  readonly profile: Profile
  readonly text: string
  holders: number
}

/** Bytes of a profile beside its text: the set of scopes, the lists, the objects. An estimate, and not a low one. */
const BYTES_BESIDE = 400

/** Equal profiles, kept once for as long as somebody holds them, and called by a small number. */
export class Profiles {
  readonly #held: (Held | undefined)[] = []
  readonly #numbers = new Map<string, number>()
  readonly #free: number[] = []
  #bytes = 0

  /** About how much memory they take. */
  get bytes(): number {
    return this.#bytes
  }

  /** The number of the profile of a record; for each call one {@link release}. */
  hold(record: CredentialRecord): number {
    const { credentialId, keyId, ended, retiresAt, expiresAt, ...profile } = record
    const text = JSON.stringify({ ...profile, scopes: [...profile.scopes] })
    const known = this.#numbers.get(text)
    const held = known === undefined ? undefined : this.#held[known]
    if (known !== undefined && held !== undefined) {
      held.holders += 1
      return known
    }
    const number = this.#free.pop() ?? this.#held.length
    this.#held[number] = { profile, text, holders: 1 }
    this.#numbers.set(text, number)
    this.#bytes += bytesOf(text)
    return number
  }

  /** @throws RangeError for a number that nobody holds */
  get(number: number): Profile {
    return this.#at(number).profile
  }

  release(number: number): void {
    const held = this.#at(number)
    held.holders -= 1
    if (held.holders > 0) return
    this.#held[number] = undefined
    this.#numbers.delete(held.text)
    this.#free.push(number)
    this.#bytes -= bytesOf(held.text)
  }

  clear(): void {
    this.#held.length = 0
    this.#numbers.clear()
    this.#free.length = 0
    this.#bytes = 0
  }

  #at(number: number): Held {
    const held = this.#held[number]
    if (held === undefined) throw new RangeError('no such profile is held')
    return held
  }
}

/** The text itself, and the same again for what was read from it. */
function bytesOf(text: string): number {
  return text.length * 3 + BYTES_BESIDE
}
