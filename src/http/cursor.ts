import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from './problem.ts'

/** Where a page ends in a list ordered by time and id, newest first. */
export interface Position {
  readonly at: Date
  readonly id: string
}

export interface Page<T> {
  readonly rows: readonly T[]
  readonly next: Position | null
}

/** One row more than asked for tells whether there is a next page. */
export function pageOf<T extends { createdAt: Date; id: string }>(
  found: readonly T[],
  limit: number,
): Page<T> {
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return {
    rows,
    next: found.length > limit && last !== undefined ? { at: last.createdAt, id: last.id } : null,
  }
}

export function toCursor(next: Position | null): string | null {
  return next === null ? null : Buffer.from(`1 ${next.at.getTime()} ${next.id}`).toString('base64url')
}

/** A cursor only says where to go on; what may be seen there is decided by the query again. */
export function fromCursor(cursor: string | undefined): Result<Position | null, Problem> {
  if (cursor === undefined) return yes(null)
  const [, ms, id] =
    /^1 (\d{1,15}) ([A-Za-z0-9_.:@/-]{1,200})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (ms === undefined || id === undefined)
    return no(
      problem(
        'invalid_cursor',
        'Take `next_cursor` from the last answer as it is, or begin without a cursor.',
      ),
    )
  return yes({ at: new Date(Number(ms)), id })
}
