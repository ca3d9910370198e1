/**
 * The format of every credential Doorward mints:
 *
 *     sk_live_<43 base62><6 base62>      [brand_]kind[_environment]_<body><checksum>
 *
 * - body: 43 characters of `0-9A-Za-z` from the system CSPRNG, log2(62^43) = 256.03 bits
 * - checksum: CRC-32 (IEEE) of all the ASCII before it, base62, most significant digit first, padded to 6
 *   (62^6 > 2^32). It rejects noise without I/O and lets a scanner recognise a real key. It is not security.
 *
 * Text is read from the right, because a brand may hold underscores; it is never split on `_` from the left.
 */

/** The kinds of credentials, with the mark of each in its prefix. */
export const CREDENTIAL_MARKS = {
  api_key: 'sk',
  admin_key: 'ak',
  access_token: 'at',
  refresh_token: 'rt',
  authorization_code: 'ac',
  client_secret: 'cs',
} as const

export type CredentialKind = keyof typeof CREDENTIAL_MARKS

export const KIND_OF_MARK = new Map<string, CredentialKind>(
  Object.entries(CREDENTIAL_MARKS).map(([kind, mark]) => [mark, kind as CredentialKind]),
)

/** Base62, in the order of the digits' values. */
export const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
export const BODY_LENGTH = 43
export const CHECKSUM_LENGTH = 6
/** Body and checksum. */
export const TAIL_LENGTH = BODY_LENGTH + CHECKSUM_LENGTH
export const MAX_PREFIX_LENGTH = 64

/** The shortest credential: a mark of two letters, `_`, body and checksum. */
export const MIN_CREDENTIAL_LENGTH = 2 + 1 + TAIL_LENGTH
/** The longest credential; a longer text is refused before it is read. */
export const MAX_CREDENTIAL_LENGTH = MAX_PREFIX_LENGTH + 1 + TAIL_LENGTH

const BRAND = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/
const ENVIRONMENT = /^[a-z][a-z0-9]{0,15}$/

/** The parts of a credential's prefix beside its kind. */
export interface CredentialPlace {
  readonly environment?: string | null
  readonly brand?: string | null
}

/** An environment's name: 1–16 of `a-z0-9`, a letter first, and not a kind's mark. */
export function isEnvironmentName(name: string): boolean {
  return ENVIRONMENT.test(name) && !KIND_OF_MARK.has(name)
}

/** A brand: lower-case words joined by `_`, 1–32 characters. */
export function isBrand(name: string): boolean {
  return name.length <= 32 && BRAND.test(name)
}

/** Characters of the body in a hint: enough to tell keys apart, and 232 bits less than the secret. */
const SHOWN_OF_BODY = 4

/** The part of a credential that may be shown: prefix and four characters of the body, `sk_live_abc1…`. */
export function hintOf(text: string): string {
  return `${text.slice(0, SHOWN_OF_BODY - TAIL_LENGTH)}…`
}
