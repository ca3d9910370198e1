import { createHash, randomBytes } from 'node:crypto'
import { Secret } from 'otpauth'

/** Codes of one set, each for one use. */
export const RECOVERY_CODES = 10
/** 80 bits: guessing is hopeless, so that a fast hash and no limit of its own are enough. */
const BYTES = 10

/** A new set of codes such as `k3rt-2m7q-vxa4-hd5w`. Only their hashes are stored. */
export function mintRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () =>
    (base32Of(randomBytes(BYTES)).toLowerCase().match(/.{4}/g) ?? []).join('-'),
  )
}

/** Hash of a code as a person typed it: with or without hyphens, in either case. */
export function hashRecoveryCode(typed: string): Buffer {
  const text = typed.toLowerCase().replace(/[^a-z2-7]/g, '')
  return createHash('sha256').update(`recovery code ${text}`).digest()
}

function base32Of(bytes: Buffer): string {
  return Secret.fromHex(bytes.toString('hex')).base32
}
