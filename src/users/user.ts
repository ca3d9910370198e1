import type { NamedOwner } from '../sessions/person.ts'

/** A user who signs in here, with e-mail address and password. */
export interface User {
  readonly id: string
  /** Lower case; as unique as the person. */
  readonly email: string
  readonly name: string
  /** Null until the link for it was used. */
  readonly passwordSetAt: Date | null
  /** Owners of the user, as far as the caller may see them. */
  readonly owners: readonly NamedOwner[]
  readonly createdAt: Date
  /** Null: can sign in. */
  readonly disabledAt: Date | null
  readonly disabledReason: string | null
}

export const USER_STATES = ['enabled', 'disabled'] as const
export type UserState = (typeof USER_STATES)[number]

type Life = Pick<User, 'disabledAt'>

/** Why disabling a user would do nothing: the server accepts the request. */
export function whyNotDisableUser({
  disabledAt: at,
}: Life): { readonly code: 'already_disabled'; readonly at: Date } | null {
  return at === null ? null : { code: 'already_disabled', at }
}

/** Why enabling a user would do nothing: the server accepts the request. */
export function whyNotEnableUser({ disabledAt }: Life): { readonly code: 'not_disabled' } | null {
  return disabledAt === null ? { code: 'not_disabled' } : null
}

/** Minimum of NIST SP 800-63B-4 where the password is the only factor. */
export const MIN_PASSWORD = 15
/** Long enough for any phrase; more only costs the hash time. */
export const MAX_PASSWORD = 128
/** Lifetime of a password link: one found in a mailbox later is worthless. */
export const LINK_SECONDS = 3600

/**
 * Reason why a password is unsuitable, for the user; null where it is suitable. Any character is allowed, none required.
 *
 * @param known blocklist of guesses tried first, in lower case: common passwords, and words of this installation
 */
export function whyUnsuitable(
  password: string,
  email: string,
  known: { readonly passwords: ReadonlySet<string>; readonly words: readonly string[] },
): string | null {
  const characters = [...password]
  if (characters.length < MIN_PASSWORD) return `Use at least ${MIN_PASSWORD} characters.`
  if (password.length > MAX_PASSWORD) return `Use at most ${MAX_PASSWORD} characters.`
  if (new Set(characters).size < 5) return 'Use more different characters.'
  const lower = password.toLowerCase()
  if (steps(lower) < 5 || isCommon(lower, known.passwords)) return GUESSED_FIRST
  const left = withoutWords(lower, [...known.words, ...email.split(/[@.+_-]/)])
  if (lower.includes(email) || (left !== lower && steps(left) < 8))
    return 'Do not build it from your e-mail address or our name.'
  return /^(.{1,8}?)\1+.{0,5}$/u.test(lower) ? GUESSED_FIRST : null
}

const GUESSED_FIRST = 'This password is easy to guess. Use a few unrelated words.'

/** Removes the words that a guesser tries first. */
function withoutWords(lower: string, words: readonly string[]): string {
  return words.filter((word) => word.length >= 4).reduce((left, word) => left.replaceAll(word, ''), lower)
}

/** Counts characters, with a run along the alphabet, the digits or the keyboard as one. */
function steps(lower: string): number {
  let count = 0
  for (let at = 0; at < lower.length; count += 1) {
    let end = at + 1
    while (end < lower.length && RUNS.some((run) => run.includes(lower.slice(at, end + 1)))) end += 1
    at = end - at >= 3 ? end : at + 1
  }
  return count
}

const RUNS = [
  '01234567890123456789',
  '98765432109876543210',
  'abcdefghijklmnopqrstuvwxyz',
  'zyxwvutsrqponmlkjihgfedcba',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
  '1q2w3e4r5t6y7u8i9o0p',
]

/** True for a common password, also with a few characters around it or digits in place of letters. */
function isCommon(lower: string, common: ReadonlySet<string>): boolean {
  const core = lower.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  const isLittle = lower.length - core.length <= MOST_AROUND || steps(lower.replace(core, '')) <= 2
  const spelt = core.replace(/[01345@$]/g, (sign) => LETTERS[sign] ?? sign)
  return common.has(lower) || (isLittle && (common.has(core) || common.has(spelt)))
}

const MOST_AROUND = 8
const LETTERS: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '@': 'a',
  $: 's',
}
