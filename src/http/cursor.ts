import { momentAt } from '../base/moment.ts'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from './problem.ts'
import { DEFAULT_LIMIT } from './wire.ts'

/** Where a page ends in a list ordered by a moment and an id, mostly newest first. */
export interface Position {
  readonly at: Date
  readonly id: string
}

/** What a caller says of the page that is wanted. */
export interface PageQuery {
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

interface WirePage {
  readonly data: unknown[]
  readonly next_cursor: string | null
}

/**
 * One page of a list, newest first.
 *
 * @param find the rows after a position, at most so many, in the order of the list
 */
export async function pageOf<T extends { createdAt: Date; id: string }>(
  query: PageQuery,
  find: (after: Position | null, limit: number) => Promise<readonly T[]>,
  toWire: (row: T) => unknown,
): Promise<Result<WirePage, Problem>> {
  return await pageBy(query, find, toWire, ({ createdAt, id }) => ({ at: createdAt, id }))
}

/** The same of a list that is in another order. */
export async function pageBy<T>(
  query: PageQuery,
  find: (after: Position | null, limit: number) => Promise<readonly T[]>,
  toWire: (row: T) => unknown,
  positionOf: (row: T) => Position,
): Promise<Result<WirePage, Problem>> {
  const after = fromCursor(query.cursor)
  if (!after.ok) return after
  const limit = query.limit ?? DEFAULT_LIMIT
  // One row more than asked for tells whether there is a next page.
  const found = await find(after.value, limit + 1)
  const rows = found.slice(0, limit)
  const last = found.length > limit ? rows.at(-1) : undefined
  return yes({ data: rows.map(toWire), next_cursor: last === undefined ? null : toCursor(positionOf(last)) })
}

function toCursor({ at, id }: Position): string {
  return Buffer.from(`1 ${at.getTime()} ${id}`).toString('base64url')
}

/** A cursor only says where to go on; what may be seen there is decided by the query again. */
function fromCursor(cursor: string | undefined): Result<Position | null, Problem> {
  if (cursor === undefined) return yes(null)
  const [, ms, id] =
    /^1 (\d{1,15}) ([\x21-\x7e]{1,400})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (ms === undefined || id === undefined)
    return no(
      problem(
        'invalid_cursor',
        'Take `next_cursor` from the last answer as it is, or begin without a cursor.',
      ),
    )
  return yes({ at: momentAt(Number(ms)), id })
}
