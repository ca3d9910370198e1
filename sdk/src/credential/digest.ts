import crypto from 'node:crypto'

/** A way to get {@link digestCredential}'s result. */
type Digest = (text: string) => string

/** Where the length is given, Node does not check whether the algorithm is one that needs it. */
const AS_DIGEST = { outputEncoding: 'utf16le', outputLength: 32 } as const

/** From the fastest to the one that runs everywhere, which takes six times as long. */
const WAYS: readonly Digest[] = [
  // Node 24.4 and later.
  (text) => crypto.hash('sha256', text, AS_DIGEST),
  // Node 22. Bun has the function, and refuses this encoding.
  (text) => crypto.hash('sha256', text, 'utf16le' as BufferEncoding),
  (text) => crypto.createHash('sha256').update(text).digest().toString('utf16le'),
]

/** SHA-256 of `abc` (FIPS 180-2, appendix B.1). Its sixth character is half a surrogate pair, which not all runtimes keep. */
const OF_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

/** The first way that gives what it should. The others throw, or give something else. */
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
 * SHA-256 of a text as 16 characters of UTF-16, which is how a process keeps it: no form is cheaper to get and to
 * compare. They are any 16 bits each, half surrogates too; it is no text to show or to send.
 */
export const digestCredential: Digest = firstRight(WAYS)

/** The same digest as 64 lower-case hex digits. */
export function hexOfDigest(digest: string): string {
  return Buffer.from(digest, 'utf16le').toString('hex')
}

/** {@link digestCredential}'s form of 64 hex digits. */
export function digestOfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf16le')
}
