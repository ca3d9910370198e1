import { createHash } from 'node:crypto'
import { CompiledQuery, type RawBuilder, sql } from 'kysely'
import type { Db } from './schema.ts'

const MARK = '/* prepared */'

/**
 * Marks a statement so frequent that planning it each time would cost as much as running it. Such statements must have
 * few distinct texts: each is kept for the life of its connection.
 */
export const PREPARED = sql.raw(MARK)

/**
 * Name of a marked prepared statement; undefined for all others. It is the hash of the text: behind a pooler two servers
 * share one backend, and one name must never mean two statements.
 */
export function preparedName(text: string): string | undefined {
  const known = names.get(text)
  if (known !== undefined || !text.includes(MARK)) return known
  const name = `doorward_${createHash('sha256').update(text).digest('hex').slice(0, NAME_DIGITS)}`
  names.set(text, name)
  return name
}

/** Postgres reads 63 characters of a name. */
const NAME_DIGITS = 40

const names = new Map<string, string>()

/** Placeholder in a {@link statement} for a value given at each call. */
export const GIVEN = null

/** A statement whose text Kysely compiles once and not at each call. */
export function statement<Row>(query: RawBuilder<Row>) {
  let text: string | undefined
  return async (db: Db, given: readonly unknown[]): Promise<readonly Row[]> => {
    text ??= query.compile(db).sql
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(text, [...given]))
    return rows
  }
}
