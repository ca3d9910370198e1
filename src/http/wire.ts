import { type TSchema, Type } from 'typebox'
import { momentAt, momentOf } from '../base/moment.ts'
import { LIST_SORTS } from '../db/keyset.ts'
import { SHOWN_KEYWORD } from './shown-text-keyword.ts'

/** Building blocks of the wire format: snake_case, ISO 8601 in UTC, unknown fields refused. */

/** Free text: any Unicode except control characters (Postgres refuses NUL anyway). */
export function plainText(maxLength: number, description: string) {
  return Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$', description })
}

/** Text shown on pages, where one app must not look like another (spoofing): see `shown-text.ts`. */
export function shownText(maxLength: number, description: string) {
  return Type.String({ minLength: 1, maxLength, description, [SHOWN_KEYWORD]: true })
}

export function strictObject<T extends Record<string, TSchema>>(properties: T, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  })
}

export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

declare const momentMark: unique symbol
/** A moment as sent by the caller. Not typed as a string, so that `new Date` of it does not compile: see {@link toMoment}. */
export interface MomentText {
  readonly [momentMark]: true
}

export const Moment = Type.Unsafe<MomentText>({
  type: 'string',
  format: 'date-time',
  maxLength: 64,
  description: 'ISO 8601 in UTC',
})

/** Parses a text that {@link Moment} has validated. */
export function toMoment(text: MomentText): Date
export function toMoment(text: MomentText | undefined): Date | undefined
export function toMoment(text: MomentText | null | undefined): Date | null | undefined
export function toMoment(text: MomentText | null | undefined): Date | null | undefined {
  return text == null ? text : momentOf(String(text))
}

/** Enumeration, with one fault for any other value and an `enum` in the OpenAPI document. */
export function oneOf<const Names extends readonly string[]>(names: Names, description?: string) {
  return Type.Unsafe<Names[number]>({
    type: 'string',
    enum: [...names],
    ...(description === undefined ? {} : { description }),
  })
}

/** A JSON object of the caller's own, returned unchanged. */
export function anyObject(description?: string) {
  return Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: 'object',
    additionalProperties: true,
    maxProperties: 1_000,
    ...(description === undefined ? {} : { description }),
  })
}

/**
 * An id given by another system: printable ASCII without blanks and characters that some parser on the way reads
 * differently (quotes, backslash, `<`, `>`, `%`, braces, comma). `.` and `..` would be path segments in a URL.
 */
function theirId(maxLength: number, description: string) {
  return Type.String({
    pattern: `^(?!\\.{1,2}$)[!#$&()*+./0-9:;=?@A-Z\\[\\]^_a-z|~-]{1,${maxLength}}$`,
    description: `${description}: 1 to ${maxLength} ASCII letters, digits and signs, without blanks, quotes, commas, braces, \\ < > and %`,
  })
}

/**
 * The same for users, of whom directories have ids such as `DOMAIN\jdoe`, `uid=jane,ou=people` and `o'brien`. No segment
 * is `.` or `..`: servers and proxies on the way may read a backslash as a slash.
 */
export function theirUserId(maxLength: number, description: string) {
  return Type.String({
    pattern: `^(?!(?:.{0,${maxLength}}[/\\\\])?\\.{1,2}(?:[/\\\\]|$))[!#$&'()*+,./0-9:;=?@A-Z\\[\\\\\\]^_a-z|~-]{1,${maxLength}}$`,
    description: `${description}: 1 to ${maxLength} ASCII letters, digits and signs, without blanks, double quotes, backticks, braces, < > and %`,
  })
}

/** The API provider's own id of an owner. */
export const OwnerId = theirId(128, 'Your own id of the organisation, such as org_42 or auth0|5f7c')

/** The name of an environment. */
export const EnvironmentName = Type.String({
  pattern: '^[a-z][a-z0-9]{0,15}$',
  description: 'A configured one: `live`, `test`',
})

/** An id made by Doorward, such as `key_…`. */
export function idOf(prefix: string) {
  return Type.String({
    pattern: `^${prefix}_[A-Za-z0-9]{1,40}$`,
    description: `An id that begins with ${prefix}_`,
  })
}

export const DEFAULT_LIMIT = 50
export const Limit = Type.Integer({
  minimum: 1,
  maximum: 200,
  default: DEFAULT_LIMIT,
  description: 'Rows per page',
})
export const Cursor = Type.String({ maxLength: 1000, description: '`next_cursor` of the page before' })

/** Text that is searched for. */
export function searched(description: string) {
  return plainText(100, description)
}
export const Sort = oneOf(LIST_SORTS, '`created`: newest first, the default. `name`: from a to z')

export function pageWire<T extends TSchema>(row: T) {
  return Type.Object({ data: Type.Array(row), next_cursor: nullable(Type.String()) })
}

/** A moment for the wire. Values stored before moments were bounded are clamped. */
export function iso(at: Date): string
export function iso(at: Date | null): string | null
export function iso(at: Date | null): string | null {
  return at === null ? null : momentAt(at.getTime()).toISOString()
}
