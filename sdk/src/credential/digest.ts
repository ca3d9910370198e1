import crypto from 'node:crypto'

/** An implementation of {@link digestCredential}. */
type Digest = (text: string) => string

/** Given the length, Node skips the check for an algorithm that needs one. */
const AS_DIGEST = { outputEncoding: 'utf16le', outputLength: 32 } as const

/** From the fastest to the most portable, which takes six times as long. */
const WAYS: readonly Digest[] = [
  // Node 24.4 and later.
  (text) => crypto.hash('sha256', text, AS_DIGEST),
  // Node 22. Bun has the function, but refuses this encoding.
  (text) => crypto.hash('sha256', text, 'utf16le' as BufferEncoding),
  (text) => crypto.createHash('sha256').update(text).digest().toString('utf16le'),
]

/** SHA-256 of `abc` (FIPS 180-2, appendix B.1). Its sixth character is half a surrogate pair, which some runtimes lose. */
const OF_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

/** Returns the first implementation with the right result. The others throw, or give another result. */
export function firstRight(ways: readonly Digest[]): Digest {
  const right = ways.find((way) => {
    try {
      return way('abc') === digestOfHex(OF_ABC)
    } catch {
      return false
    }
  })
  if (right === undefined) throw new Error('@doorward/sdk cannot compute SHA-256 in this runtime.')
  return right
}

/**
 * SHA-256 of a text as 16 characters of UTF-16, for use inside a process: no form is cheaper to compute and to compare.
 * Each is any 16 bits, lone surrogates included, so it cannot be shown or sent as text.
 */
export const digestCredential: Digest = firstRight(WAYS)

/** The same digest as 64 lower-case hex digits. */
export function hexOfDigest(digest: string): string {
  return Buffer.from(digest, 'utf16le').toString('hex')
}

/** Converts 64 hex digits to {@link digestCredential}'s form. */
export function digestOfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf16le')
}
