import { type TSchema, Type } from 'typebox'
import { momentAt, momentOf } from '../base/moment.ts'
import { SHOWN_KEYWORD } from './shown-text-keyword.ts'

/** Building blocks of the wire: snake_case, ISO 8601 in UTC, unknown fields refused. */

/** Text a person wrote: any Unicode but control characters (NUL would be refused by the database anyway). */
export function plainText(maxLength: number, description: string) {
  return Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$', description })
}

/** Text that the pages for people show, where one app must not look like another: see `shown-text.ts`. */
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
/** A moment as a caller wrote it. It is not a string, so that `new Date` of it does not compile: see {@link toMoment}. */
export interface MomentText {
  readonly [momentMark]: true
}

export const Moment = Type.Unsafe<MomentText>({
  type: 'string',
  format: 'date-time',
  maxLength: 64,
  description: 'ISO 8601 in UTC',
})

/** The moment in a text that {@link Moment} has let through. */
export function toMoment(text: MomentText): Date
export function toMoment(text: MomentText | undefined): Date | undefined
export function toMoment(text: MomentText | null | undefined): Date | null | undefined
export function toMoment(text: MomentText | null | undefined): Date | null | undefined {
  return text == null ? text : momentOf(String(text))
}

/** One of a few words; one fault where it is none of them, and one name for them all in the OpenAPI document. */
export function oneOf<const Names extends readonly string[]>(names: Names, description?: string) {
  return Type.Unsafe<Names[number]>({
    type: 'string',
    enum: [...names],
    ...(description === undefined ? {} : { description }),
  })
}

/** A JSON object of the caller's own, which comes back as it is: every name and every value. */
export function anyObject(description?: string) {
  return Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: 'object',
    additionalProperties: true,
    maxProperties: 1_000,
    ...(description === undefined ? {} : { description }),
  })
}

/**
 * The form of an id that somebody else gives: all printable ASCII but a blank, and what is read in another way somewhere
 * on its path (quotes, backslash, `<`, `>`, `%`, braces, comma). `.` and `..` would be steps in a URL.
 */
export function theirId(maxLength: number, description: string) {
  return Type.String({
    pattern: `^(?!\\.{1,2}$)[!#$&()*+./0-9:;=?@A-Z\\[\\]^_a-z|~-]{1,${maxLength}}$`,
    description: `${description}: 1 to ${maxLength} letters, digits and signs of ASCII, without blanks, quotes, commas, braces, \\ < > and %`,
  })
}

/** The API provider's own id of the party whose data is reached. */
export const OwnerId = theirId(128, 'Your own id of the organisation, such as org_42 or auth0|5f7c')

/** An id that we made, such as `key_…`. */
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
export const Cursor = Type.String({ maxLength: 600, description: '`next_cursor` of the page before' })

export function pageWire<T extends TSchema>(row: T) {
  return Type.Object({ data: Type.Array(row), next_cursor: nullable(Type.String()) })
}

/** A moment as it goes out; what was stored before moments had a bound, as the last there is. */
export function iso(at: Date): string
export function iso(at: Date | null): string | null
export function iso(at: Date | null): string | null {
  return at === null ? null : momentAt(at.getTime()).toISOString()
}
