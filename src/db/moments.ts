import { sql } from 'kysely'

/** SQL for a moment as ms since the epoch, for JSON made in SQL. Independent of database settings. */
export function ms(moment: string) {
  return sql`extract(epoch from ${sql.raw(moment)}) * 1000`
}

/**
 * Reads the result of {@link ms}.
 *
 * @throws UnreadableMomentError for everything but null and a number that is a moment
 */
export function dateOf(ms: number | null): Date | null {
  return ms === null ? null : momentOfMs(ms)
}

/** The same for a column that is never null. @throws UnreadableMomentError */
export function momentOfMs(ms: number): Date {
  const at = new Date(typeof ms === 'number' ? ms : Number.NaN)
  if (Number.isNaN(at.getTime())) throw new UnreadableMomentError(ms)
  return at
}

/**
 * A moment cannot be parsed. An error and never null: null means "never" in every column of an end, so an unparsed text
 * would let in an expired credential.
 */
export class UnreadableMomentError extends Error {
  constructor(found: unknown) {
    super(`The database gave a moment that cannot be read: ${JSON.stringify(found)?.slice(0, 60)}.`)
    this.name = 'UnreadableMomentError'
  }
}

/** `timestamptz` as Postgres writes it with `DateStyle` ISO, in any time zone. */
const STORED =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/

/**
 * Parses a `timestamptz`.
 *
 * @throws UnreadableMomentError for another `DateStyle`, `infinity`, and years before Christ
 */
export function momentOfText(text: string): Date {
  const found = STORED.exec(text)
  if (found === null) throw new UnreadableMomentError(text)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number)
  const [fraction = '', sign, ...offset] = found.slice(7)
  const [hours = 0, minutes = 0, seconds = 0] = offset.map((part) => Number(part ?? 0))
  const at = new Date(0)
  at.setUTCFullYear(year, month - 1, day)
  at.setUTCHours(hour, minute, second, Number(fraction.padEnd(3, '0').slice(0, 3)))
  const east = ((hours * 60 + minutes) * 60 + seconds) * 1000
  return momentOfMs(at.getTime() - (sign === '-' ? -east : east))
}

/** Refuses a type that none of our columns has and that drivers parse by guessing. */
export function noMoment(text: string): never {
  throw new UnreadableMomentError(text)
}
