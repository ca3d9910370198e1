import { sql } from 'kysely'

/** A moment as ms since the epoch, for JSON that a statement makes. */
export function ms(moment: string) {
  return sql`extract(epoch from ${sql.raw(moment)}) * 1000`
}

/** What {@link ms} has made. */
export function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
