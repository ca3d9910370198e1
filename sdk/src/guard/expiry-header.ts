import type { Verdict } from '../verdict/judge.ts'

/** Seconds before its end in which a key is announced to end, unless the API says otherwise. */
export const DEFAULT_EXPIRY_HEADER_SECONDS = 24 * 3600

/**
 * The header of an answer to a key that ends soon: by its expiry, by the end of its overlap, or by a rule of the policy.
 * Null where it does not. Tokens have none: their clients renew them all the time.
 */
export function expiryHeader(
  { principal, retiresAt }: Verdict & { valid: true },
  withinSeconds: number,
  now: () => number,
): Readonly<Record<string, string>> | null {
  const { expiresAt } = principal
  // Most keys have no end, and are not asked for the time.
  if ((expiresAt === null && retiresAt === undefined) || withinSeconds === 0) return null
  if (principal.kind !== 'api_key') return null
  const endMs = Math.min(expiresAt?.getTime() ?? NEVER, retiresAt?.getTime() ?? NEVER)
  if (endMs - now() > withinSeconds * 1000) return null
  return { 'Doorward-Credential-Expires': new Date(endMs).toISOString() }
}

const NEVER = Number.POSITIVE_INFINITY
