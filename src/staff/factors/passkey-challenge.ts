import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { addSeconds } from '../../base/clock.ts'
import { momentAt } from '../../base/moment.ts'
import type { Visit } from '../../pages/visit.ts'
import type { OpenChallenge } from './passkey.store.ts'

/** Time in which a browser answers a challenge. */
const OPEN_SECONDS = 300
const RANDOM_BYTES = 16
const EXPIRY_BYTES = 8
const MAC_BYTES = 32

/**
 * A challenge that this server knows again: random bits, its expiry, and a MAC over both, the browser and the purpose. No
 * row is stored until it is used, because everybody may open the page that shows one.
 *
 * @param purpose what the answer is for: an answer to another question does not match
 */
export function mintChallenge(key: Buffer, visit: Visit, purpose: string): string {
  const head = Buffer.alloc(RANDOM_BYTES + EXPIRY_BYTES)
  randomBytes(RANDOM_BYTES).copy(head)
  head.writeBigUInt64BE(BigInt(addSeconds(visit.now, OPEN_SECONDS).getTime()), RANDOM_BYTES)
  return Buffer.concat([head, macOf(key, head, visit, purpose)]).toString('base64url')
}

/** @returns null where it is not ours, not of this browser and purpose, or expired */
export function openChallenge(
  key: Buffer,
  visit: Visit,
  purpose: string,
  challenge: string,
): OpenChallenge | null {
  const bytes = Buffer.from(challenge, 'base64url')
  if (bytes.length !== RANDOM_BYTES + EXPIRY_BYTES + MAC_BYTES) return null
  const head = bytes.subarray(0, RANDOM_BYTES + EXPIRY_BYTES)
  if (!timingSafeEqual(bytes.subarray(head.length), macOf(key, head, visit, purpose))) return null
  const expiresAt = momentAt(Number(head.readBigUInt64BE(RANDOM_BYTES)))
  if (expiresAt <= visit.now) return null
  return { hash: createHash('sha256').update(bytes).digest(), expiresAt }
}

function macOf(key: Buffer, head: Buffer, visit: Visit, purpose: string): Buffer {
  return createHmac('sha256', key)
    .update(head)
    .update(JSON.stringify([visit.browser(), purpose]))
    .digest()
}
