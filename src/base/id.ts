import { randomInt } from 'node:crypto'

/** What an id's prefix says it names. */
export type IdKind = 'key' | 'sec' | 'adm' | 'cli' | 'api' | 'evt'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A new id such as `key_4fG…`: 20 base62 characters, 119 random bits. Not a secret, and never used again. */
export function newId(kind: IdKind): string {
  return `${kind}_${Array.from({ length: 20 }, () => ALPHABET.charAt(randomInt(62))).join('')}`
}
