import type { NamedOwner } from './accounts.ts'

/** Somebody who signs in here, with e-mail address and password. */
export interface User {
  readonly id: string
  /** Lower case; as unique as the person. */
  readonly email: string
  readonly name: string
  /** Null until the link for it was used. */
  readonly passwordSetAt: Date | null
  /** Of these owners as many as whoever asks may see. */
  readonly owners: readonly NamedOwner[]
  readonly createdAt: Date
}

export const MIN_PASSWORD = 12
/** Long enough for any phrase; more only costs the hash time. */
export const MAX_PASSWORD = 128
/** How long a link to set a password works. */
export const LINK_SECONDS = 24 * 3600

/** Why a password cannot be taken, in words for the person; null where it can. Any character counts, none is required. */
export function whyUnsuitable(password: string, email: string): string | null {
  const characters = [...password]
  if (characters.length < MIN_PASSWORD) return `Use at least ${MIN_PASSWORD} characters.`
  if (password.length > MAX_PASSWORD) return `Use at most ${MAX_PASSWORD} characters.`
  if (new Set(characters).size < 5) return 'Use more different characters.'
  const lower = password.toLowerCase()
  const [local = ''] = email.split('@')
  if (lower.includes(email) || (local.length >= 4 && lower.replaceAll(local, '').length < MIN_PASSWORD - 4))
    return 'Do not build it from your e-mail address.'
  if (/^(.{1,8}?)\1+.{0,5}$/u.test(lower) || SEQUENCES.some((sequence) => sequence.includes(lower)))
    return 'This is a pattern that is guessed first. Use a few words that nobody would put together.'
  return null
}

const SEQUENCES = [
  '01234567890123456789',
  '98765432109876543210',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
]
