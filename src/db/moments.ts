import { sql } from 'kysely'

/** A moment as ms since the epoch, for JSON that a statement makes. */
export function ms(moment: string) {
  return sql`extract(epoch from ${sql.raw(moment)}) * 1000`
}

/** The same as text. */
export function msText(moment: string) {
  return sql`(${ms(moment)})::text`
}

/** What {@link ms} or {@link msText} has made. */
export function dateOf(ms: number | string | null): Date | null {
  return ms === null ? null : new Date(Number(ms))
}
