import crypto from 'node:crypto'
import zlib from 'node:zlib'
import {
  ALPHABET,
  BODY_LENGTH,
  CHECKSUM_LENGTH,
  CREDENTIAL_MARKS,
  type CredentialKind,
  type CredentialPlace,
  hintOf,
  isBrand,
  isEnvironmentName,
  KIND_OF_MARK,
  MAX_CREDENTIAL_LENGTH,
  MIN_CREDENTIAL_LENGTH,
  TAIL_LENGTH,
} from './credential-format.ts'
import { Secret } from './secret.ts'

// Not imported by name: a Node that lacks them would fail to load the module before `runtime.ts` can say why.
const { hash, randomFillSync } = crypto
const { crc32 } = zlib

export interface ParsedCredential {
  readonly kind: CredentialKind
  /** Null for kinds that belong to no environment (admin keys). */
  readonly environment: string | null
  /** The brand in front of the kind, or null. */
  readonly brand: string | null
  /** See {@link hintOf}. */
  readonly hint: string
}

/**
 * Mints a new credential from 256 random bits.
 *
 * @param environment required for every kind but `admin_key`, which has none
 * @throws RangeError where the prefix could not be read back; configuration is checked before
 */
export function mintCredential(kind: CredentialKind, place: CredentialPlace = {}): Secret {
  return withBody(kind, place, randomBase62(BODY_LENGTH))
}

/**
 * Makes a credential from 256 bits that are secret and indistinguishable from random, such as an HMAC. The same bits give
 * the same credential.
 *
 * @param bits 32 bytes
 */
export function credentialFrom(kind: CredentialKind, place: CredentialPlace, bits: Uint8Array): Secret {
  if (bits.length !== 32) throw new RangeError('a credential takes 32 bytes')
  let rest = BigInt(`0x${Buffer.from(bits).toString('hex')}`)
  let body = ''
  for (let at = 0; at < BODY_LENGTH; at++) {
    body = ALPHABET.charAt(Number(rest % 62n)) + body
    rest /= 62n
  }
  return withBody(kind, place, body)
}

function withBody(
  kind: CredentialKind,
  { environment = null, brand = null }: CredentialPlace,
  body: string,
): Secret {
  if (brand !== null && !isBrand(brand)) throw new RangeError(`not a brand: ${brand}`)
  if ((environment === null) !== (kind === 'admin_key'))
    throw new RangeError(`${kind} ${environment === null ? 'needs an' : 'has no'} environment`)
  if (environment !== null && !isEnvironmentName(environment))
    throw new RangeError(`not an environment: ${environment}`)
  const prefix = [brand, CREDENTIAL_MARKS[kind], environment].filter((part) => part !== null).join('_')
  const unchecked = `${prefix}_${body}`
  return new Secret(unchecked + checksumOf(unchecked))
}

/** Checks the length and the position of one `_`: the cheapest test that rejects most texts. */
export function mayBeCredential(text: string): boolean {
  const { length } = text
  return (
    length <= MAX_CREDENTIAL_LENGTH &&
    length >= MIN_CREDENTIAL_LENGTH &&
    text.charCodeAt(length - TAIL_LENGTH - 1) === 0x5f
  )
}

/**
 * Checks the form and the checksum of a credential, without I/O and without allocating. The checksum is right where the
 * CRC of the whole text equals that checksum continued over its own six digits, so no substring is made.
 */
export function isWellFormed(text: string): boolean {
  if (!mayBeCredential(text)) return false
  const { length } = text
  const end = length - CHECKSUM_LENGTH
  for (let at = length - TAIL_LENGTH; at < end; at++) if (digitOf(text, at) === NO_DIGIT) return false
  let checksum = 0
  for (let at = end; at < length; at++) {
    const digit = digitOf(text, at)
    if (digit === NO_DIGIT) return false
    checksum = checksum * 62 + digit
  }
  if (checksum > 0xffff_ffff) return false
  let whole = ~checksum
  for (let at = end; at < length; at++)
    whole = (CRC_TABLE[(whole ^ text.charCodeAt(at)) & 0xff] ?? 0) ^ (whole >>> 8)
  return crc32(text) === ~whole >>> 0
}

/** Parses the visible parts of a credential; null where the form, the prefix or the checksum is wrong. */
export function parseCredential(text: string): ParsedCredential | null {
  if (!isWellFormed(text)) return null
  const prefix = text.slice(0, -TAIL_LENGTH - 1)
  const parts = prefix.split('_')
  const last = parts.pop() ?? ''
  const environment = KIND_OF_MARK.get(last) === 'admin_key' ? null : last
  const kind = KIND_OF_MARK.get(environment === null ? last : (parts.pop() ?? ''))
  const brand = parts.length === 0 ? null : parts.join('_')
  if (kind === undefined || (kind === 'admin_key') !== (environment === null)) return null
  if (environment !== null && !isEnvironmentName(environment)) return null
  if (brand !== null && !isBrand(brand)) return null
  return { kind, environment, brand, hint: hintOf(text) }
}

/**
 * SHA-256 of the whole text as 64 lower-case hex digits: the only form in which a secret is stored or sent. Not a slow
 * hash: brute force cannot guess 256 random bits, and a slow one would cost every request tens of milliseconds.
 */
export function hashCredential(text: string): string {
  return hash('sha256', text, 'hex')
}

/** Checks the form of {@link hashCredential}'s output. */
export function isCredentialHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

function checksumOf(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = ALPHABET.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

/** Unused random bytes: asking the system for few takes as long as asking for many. */
const pool = new Uint8Array(4_096)
let used = pool.length

/** Uniform base62 by rejection sampling: a byte of 248 or more is drawn again, because 256 is not a multiple of 62. */
function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const byte = pool[used] ?? 0
    // No byte that became part of a secret stays here.
    pool[used] = 0
    used += 1
    if (byte < 248) text += ALPHABET.charAt(byte % 62)
  }
  return text
}

/** The value of a base62 digit by its ASCII code. */
export const NO_DIGIT = 255
export const DIGITS = new Uint8Array(128).fill(NO_DIGIT)
for (let value = 0; value < ALPHABET.length; value++) DIGITS[ALPHABET.charCodeAt(value)] = value

function digitOf(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (DIGITS[code] ?? NO_DIGIT) : NO_DIGIT
}

/** CRC-32 (IEEE 802.3) of each byte. */
export const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0)
  return crc
})
