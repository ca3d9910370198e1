import { createHash } from 'node:crypto'
import { CompiledQuery, type RawBuilder, sql } from 'kysely'
import type { Db } from './schema.ts'

const MARK = '/* prepared */'

/**
 * Stands in a statement that is asked so often that planning it each time would cost as much as running it. Such a
 * statement's text must be one of few: each is kept for as long as its connection lives.
 */
export const PREPARED = sql.raw(MARK)

/**
 * The name that a marked statement is prepared under; undefined for all others. It is the hash of the text: behind a
 * pooler two servers meet on one backend, and one name must never stand for two statements.
 */
export function preparedName(text: string): string | undefined {
  const known = names.get(text)
  if (known !== undefined || !text.includes(MARK)) return known
  const name = `doorward_${createHash('sha256').update(text).digest('hex').slice(0, NAME_DIGITS)}`
  names.set(text, name)
  return name
}

/** Of a name Postgres reads 63 characters. */
const NAME_DIGITS = 40

const names = new Map<string, string>()

/** Stands in a {@link statement} for a value that is given each time. */
export const GIVEN = null

/** A statement whose text Kysely puts together once, and not each time that it is asked with other values. */
export function statement<Row>(query: RawBuilder<Row>) {
  let text: string | undefined
  return async (db: Db, given: readonly unknown[]): Promise<readonly Row[]> => {
    text ??= query.compile(db).sql
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(text, [...given]))
    return rows
  }
}
