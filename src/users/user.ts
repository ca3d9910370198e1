import type { NamedOwner } from '../sessions/person.ts'

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
  /** Null: can sign in. */
  readonly disabledAt: Date | null
  readonly disabledReason: string | null
}

/** As NIST SP 800-63B-4 asks where the password is all there is. */
export const MIN_PASSWORD = 15
/** Long enough for any phrase; more only costs the hash time. */
export const MAX_PASSWORD = 128
/** How long a link to set a password works: whoever finds it in a mailbox later finds nothing. */
export const LINK_SECONDS = 3600

/**
 * Why a password cannot be taken, in words for the person; null where it can. Any character counts, none is required.
 *
 * @param known what is tried first, in lower case: passwords, and words of the place where they are set
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
    return 'Do not build it from your e-mail address, nor from our name.'
  return /^(.{1,8}?)\1+.{0,5}$/u.test(lower) ? GUESSED_FIRST : null
}

const GUESSED_FIRST =
  'This is a pattern that is guessed first. Use a few words that nobody would put together.'

/** What is left without what anybody would think of here first. */
function withoutWords(lower: string, words: readonly string[]): string {
  return words.filter((word) => word.length >= 4).reduce((left, word) => left.replaceAll(word, ''), lower)
}

/** How many steps it takes to say it, where a run along the alphabet, the numbers or the keyboard is one step. */
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

/** A common one as it is, or with a little around it, be it spelt with numbers for letters. */
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
