import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * Cost of one guess: scrypt with N = 2^17, r = 8, p = 1, as OWASP's ASVS requires. It takes 128 MB and some 0.4 seconds
 * of one core.
 */
export const PASSWORD_LOG_N = 17
const R = 8
const P = 1
const KEY_BYTES = 32
const SALT_BYTES = 16

/** @returns the text to store, `scrypt$17$8$1$salt$hash`: readable after the cost was changed */
export async function hashPassword(password: string, logN: number): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await derived(password, salt, { N: 2 ** logN, r: R, p: P })
  return ['scrypt', logN, R, P, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Compares in constant time. Also verifies hashes that better-auth made, from before Doorward hashed itself. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [kind, logN, r, p, salt = '', hash = ''] = stored.split('$')
  if (kind !== 'scrypt')
    return await (await import('better-auth/crypto')).verifyPassword({ hash: stored, password })
  const expected = Buffer.from(hash, 'base64url')
  const options = { N: 2 ** Number(logN), r: Number(r), p: Number(p) }
  const key = await derived(password, Buffer.from(salt, 'base64url'), options)
  return key.length === expected.length && timingSafeEqual(key, expected)
}

/** True for a hash of lower cost or another kind than today's. */
export function isOutdated(stored: string, logN: number): boolean {
  const [kind, storedLogN, r, p] = stored.split('$')
  return kind !== 'scrypt' || Number(storedLogN) < logN || Number(r) < R || Number(p) < P
}

async function derived(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  // Unicode normalization: the same text from any keyboard gives the same bytes.
  const text = password.normalize('NFKC')
  const maxmem = 2 * 128 * Number(options.N) * R
  return await new Promise<Buffer>((resolve, reject) => {
    scrypt(text, salt, KEY_BYTES, { ...options, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}
