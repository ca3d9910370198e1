import { type TSchema, Type } from 'typebox'

/** Building blocks of the wire: snake_case, ISO 8601 in UTC, unknown fields refused. */

/** Text a person wrote: any Unicode but control characters (NUL would be refused by the database anyway). */
export function plainText(maxLength: number, description: string) {
  return Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$', description })
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

export const Moment = Type.String({ format: 'date-time', description: 'ISO 8601 in UTC' })
/** The API provider's own id of the party whose data is reached. */
export const OwnerId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,127}$',
  description: 'Your own id of the organisation (`org_42`): 1 to 128 of letters, digits and _ . : @ / -',
})
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

/** A moment as it goes out. */
export function iso(at: Date): string
export function iso(at: Date | null): string | null
export function iso(at: Date | null): string | null {
  return at === null ? null : at.toISOString()
}
