/** 0001-01-01T00:00:00.000Z: there is no year 0 in Postgres. */
const FIRST_MS = -62_135_596_800_000
/** 9999-12-31T23:59:59.999Z: RFC 3339 has no fifth digit for a year, so a later moment could not be answered. */
const LAST_MS = 253_402_300_799_999

/** RFC 3339 §5.6, and the form of Postgres: a blank for the T, and offsets without minutes. */
const MOMENT = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/i

/**
 * Parses a moment from outside; the only way from text to a `Date`. Digits after the milliseconds are dropped.
 *
 * @returns null if there is no such moment (`new Date` makes 2 March of 30 February), or if it is, with its offset, after
 *   the year 9999. Year 0 is read as the beginning of year 1: nothing of ours is that old
 */
export function readMoment(text: string): Date | null {
  const found = MOMENT.exec(text)
  if (found === null) return null
  const number = (at: number) => Number(found[at] ?? 0)
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(number) as Six
  const [offsetHours, offsetMinutes] = [number(9), number(10)]
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return null
  const at = new Date(0)
  // `Date.UTC` would take the years 0 to 99 for 1900 to 1999.
  at.setUTCFullYear(year, month - 1, day)
  if (at.getUTCMonth() !== month - 1 || at.getUTCDate() !== day) return null
  at.setUTCHours(hour, minute, second, Number((found[7] ?? '').slice(0, 3).padEnd(3, '0')))
  const offsetMs = (offsetHours * 60 + offsetMinutes) * 60_000
  const ms = at.getTime() - (found[8] === '-' ? -offsetMs : offsetMs)
  return ms > LAST_MS ? null : momentAt(ms)
}

type Six = [number, number, number, number, number, number]

/** The moment in a text that was validated before, by a schema or when it was written. */
export function momentOf(text: string): Date {
  const at = readMoment(text)
  if (at === null) throw new Error('a moment that cannot be parsed was passed on')
  return at
}

/** The moment so many ms after the epoch, clamped to the first and last that Postgres and RFC 3339 can hold. */
export function momentAt(ms: number): Date {
  return new Date(withinYears(ms))
}

function withinYears(ms: number): number {
  return Math.min(LAST_MS, Math.max(FIRST_MS, ms))
}
