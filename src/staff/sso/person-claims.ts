import { momentAt } from '../../base/moment.ts'

/** A person who has signed in at the provider, by its ID token. */
export interface Person {
  readonly issuer: string
  readonly subject: string
  /** When the person signed in there; null: the provider does not say. */
  readonly authTime: Date | null
  /** How, by the names of RFC 8176, such as `pwd` or `mfa`. For the audit log alone. */
  readonly methods: readonly string[]
}

/** Claims about a person's profile. At some providers people change them themselves. */
export interface ProfileClaims {
  /** In lower case; null: none that can be used. */
  readonly email: string | null
  readonly isEmailVerified: boolean
  readonly name: string | null
}

type Claims = Readonly<Record<string, unknown>>

/** OpenID Connect Core §2: a subject has at most 255 ASCII characters. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/
const MAX_METHODS = 10
/** The latest moment that a number of seconds can name in both JavaScript and Postgres. */
const MAX_SECONDS = 253_402_300_799

/** Reads the identity from a verified ID token; null where it is of another issuer, or names no subject. */
export function personOf(claims: Claims, issuer: string): Person | null {
  const { iss, sub, auth_time: at, amr } = claims
  if (iss !== issuer || typeof sub !== 'string' || !SUBJECT.test(sub)) return null
  const hasTime = typeof at === 'number' && at >= 0 && at <= MAX_SECONDS
  const methods = Array.isArray(amr) ? amr.filter((each) => typeof each === 'string') : []
  return {
    issuer,
    subject: sub,
    authTime: hasTime ? momentAt(Math.floor(at) * 1000) : null,
    methods: methods.filter((each) => /^[\w.:/-]{1,40}$/.test(each)).slice(0, MAX_METHODS),
  }
}

export function profileOf({ email, email_verified: verified, name }: Claims): ProfileClaims {
  const address = typeof email === 'string' ? email.trim().toLowerCase() : ''
  const isAddress = address.length <= 254 && /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(address)
  return {
    email: isAddress ? address : null,
    // A text "true" is not accepted: OpenID Connect Core §5.1 says boolean.
    isEmailVerified: isAddress && verified === true,
    name: typeof name === 'string' ? shownName(name) : null,
  }
}

function shownName(text: string): string | null {
  const name = text.replace(/\p{C}/gu, ' ').replace(/\s+/g, ' ').trim()
  return name === '' ? null : [...name].slice(0, 100).join('')
}
