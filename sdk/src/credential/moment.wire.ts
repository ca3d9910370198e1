/** What `toISOString` writes, and nothing of what else `Date` would guess at. */
const ISO = /^(\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const FRACTION = /(\.\d+)?Z$/

/** @throws TypeError that names the field */
export function momentFromWire(value: unknown, name: string): Date {
  if (typeof value !== 'string') throw new TypeError(`${name} is no text`)
  const at = new Date(value)
  // `Date` takes 30 February for 2 March: what is meant must come back.
  if (
    !ISO.test(value) ||
    Number.isNaN(at.getTime()) ||
    !at.toISOString().startsWith(value.replace(FRACTION, ''))
  )
    throw new TypeError(`${name} is no moment in ISO 8601, UTC`)
  return at
}
