import { randomInt } from 'node:crypto'

/** Prefixes of ids, one per noun. */
export type IdKind =
  | 'key'
  | 'sec'
  | 'adm'
  | 'cli'
  | 'api'
  | 'evt'
  | 'usr'
  | 'ses'
  | 'grt'
  | 'fam'
  | 'ref'
  | 'stf'
  | 'sts'
  | 'inv'
  | 'fac'
  | 'bat'
  | 'sso'
  | 'ntc'
  | 'mai'
  | 'eml'
  | 'fnd'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A new id such as `key_4fG…`: 20 base62 characters, 119 random bits. Not a secret; never reused. */
export function newId(kind: IdKind): string {
  return `${kind}_${randomText(20)}`
}

/** Base62 from the system's CSPRNG: 5.95 bits a character. */
export function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET.charAt(randomInt(62))).join('')
}
