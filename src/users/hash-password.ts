import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * How much work one guess is: scrypt with N = 2^17, r = 8, p = 1, as OWASP's ASVS asks. It takes 128 MB, and some
 * 0.4 seconds of one core.
 */
export const PASSWORD_LOG_N = 17
const R = 8
const P = 1
const KEY_BYTES = 32
const SALT_BYTES = 16

/** @returns what to store: `scrypt$17$8$1$salt$hash`, so that it can still be read when the numbers are others */
export async function hashPassword(password: string, logN: number): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await derived(password, salt, { N: 2 ** logN, r: R, p: P })
  return ['scrypt', logN, R, P, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Whether it is the password that was hashed, be it here or by better-auth itself, as it was at first. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [kind, logN, r, p, salt = '', hash = ''] = stored.split('$')
  if (kind !== 'scrypt')
    return await (await import('better-auth/crypto')).verifyPassword({ hash: stored, password })
  const expected = Buffer.from(hash, 'base64url')
  const options = { N: 2 ** Number(logN), r: Number(r), p: Number(p) }
  const key = await derived(password, Buffer.from(salt, 'base64url'), options)
  return key.length === expected.length && timingSafeEqual(key, expected)
}

/** Whether less work was put into it than is now, or work of another kind. */
export function isOutdated(stored: string, logN: number): boolean {
  const [kind, storedLogN, r, p] = stored.split('$')
  return kind !== 'scrypt' || Number(storedLogN) < logN || Number(r) < R || Number(p) < P
}

async function derived(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  // One spelling for what looks the same, whatever keyboard it comes from.
  const text = password.normalize('NFKC')
  const maxmem = 2 * 128 * Number(options.N) * R
  return await new Promise<Buffer>((resolve, reject) => {
    scrypt(text, salt, KEY_BYTES, { ...options, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}
