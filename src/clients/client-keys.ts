import { createPublicKey, type KeyObject } from 'node:crypto'
import type { JsonWebKey, JsonWebKeySet } from './client.ts'

/**
 * Signature algorithms of client assertions. No `none` and no HMAC: a public key must never be taken for a shared
 * secret (algorithm confusion). `Ed25519` is the newer name of what `EdDSA` means here (RFC 9864 §2.2), and the one
 * that newer clients send.
 */
export const ASSERTION_ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519'] as const
export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number]

const MEMBERS = ['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y', 'n', 'e'] as const
/** RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2. */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const MAX_KEYS = 10
const MIN_RSA_BITS = 2048
/** A larger key only makes each verification more expensive. */
const MAX_RSA_BITS = 8192

/** The key set without unknown members, or its fault. */
export function readKeySet(value: unknown): JsonWebKeySet | { fault: string } {
  const keys: unknown = isRecord(value) ? value.keys : undefined
  if (!Array.isArray(keys)) return { fault: 'A JWK Set is an object with a list of `keys` (RFC 7517 §5).' }
  if (keys.length === 0 || keys.length > MAX_KEYS) return { fault: `It must hold 1 to ${MAX_KEYS} keys.` }
  const sound: JsonWebKey[] = []
  for (const [at, value] of keys.entries()) {
    const key = readKey(value)
    if ('fault' in key) return { fault: `The key at ${at} ${key.fault}` }
    sound.push(key)
  }
  const kids = sound.flatMap(({ kid }) => kid ?? [])
  return new Set(kids).size < kids.length ? { fault: 'Two keys have the same `kid`.' } : { keys: sound }
}

/** The keys that could have made a signature, ready to verify it. */
export function keysFor(
  set: JsonWebKeySet,
  algorithm: AssertionAlgorithm,
  kid: string | undefined,
): KeyObject[] {
  return set.keys
    .filter(
      (key) =>
        algorithmsOf(key).includes(algorithm) &&
        (kid === undefined || key.kid === undefined || key.kid === kid),
    )
    .map((key) => createPublicKey({ key: { ...key }, format: 'jwk' }))
}

function readKey(value: unknown): JsonWebKey | { fault: string } {
  if (!isRecord(value)) return { fault: 'is not an object.' }
  const found = PRIVATE.filter((name) => name in value)
  if (value.kty === 'oct' || found.length > 0)
    return {
      fault:
        'is a private key or a shared secret. It is exposed now: replace it, and send the public part only.',
    }
  const members = MEMBERS.filter((name) => value[name] !== undefined)
  const wrong = members.find((name) => typeof value[name] !== 'string' || String(value[name]).length > 2000)
  if (wrong !== undefined) return { fault: `has a \`${wrong}\` that is not a string.` }
  const key = Object.fromEntries(members.map((name) => [name, value[name]])) as unknown as JsonWebKey
  if (key.use !== undefined && key.use !== 'sig')
    return { fault: 'is not for signatures: its `use` is not `sig`.' }
  const algorithms: readonly string[] = algorithmsOf(key)
  if (!algorithms.includes(key.alg ?? algorithms[0] ?? 'none'))
    return {
      fault: 'cannot be used. Take an RSA key (RS256), an EC key on P-256 (ES256) or Ed25519 (EdDSA).',
    }
  return whyUnusable(key) ?? key
}

function whyUnusable(key: JsonWebKey): { fault: string } | null {
  try {
    const bits = createPublicKey({ key: { ...key }, format: 'jwk' }).asymmetricKeyDetails?.modulusLength
    if (bits !== undefined && (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS))
      return { fault: `has ${bits} bits. RSA keys have ${MIN_RSA_BITS} to ${MAX_RSA_BITS}.` }
    return null
  } catch {
    return { fault: 'is not a valid key: its numbers do not fit together.' }
  }
}

function algorithmsOf({ kty, crv }: JsonWebKey): readonly AssertionAlgorithm[] {
  if (kty === 'RSA') return ['RS256']
  if (kty === 'EC' && crv === 'P-256') return ['ES256']
  return kty === 'OKP' && crv === 'Ed25519' ? ['EdDSA', 'Ed25519'] : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
