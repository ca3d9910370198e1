/** The format of `toISOString`; `Date` would accept and guess at many others. */
const ISO = /^(\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const FRACTION = /(\.\d+)?Z$/

/** Reads a time in UTC. @throws TypeError that names the field */
export function momentFromWire(value: unknown, name: string): Date {
  if (typeof value !== 'string') throw new TypeError(`${name} is not a string`)
  const at = new Date(value)
  // `Date` reads 30 February as 2 March: the same text must come back.
  if (
    !ISO.test(value) ||
    Number.isNaN(at.getTime()) ||
    !at.toISOString().startsWith(value.replace(FRACTION, ''))
  )
    throw new TypeError(`${name} is not a moment in ISO 8601, UTC`)
  return at
}
