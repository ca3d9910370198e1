import { momentAt } from '../base/moment.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { ListSort, PageRequest, Position, SortedPage } from '../db/keyset.ts'
import { type Problem, problem } from './problem.ts'
import { DEFAULT_LIMIT } from './wire.ts'

/** Query parameters of a list. */
export interface PageQuery {
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

interface WirePage {
  readonly data: unknown[]
  readonly next_cursor: string | null
}

/**
 * Writes a position as a cursor and reads it again. A cursor is opaque to callers and grants nothing: the query decides
 * again which rows the caller may see.
 */
export interface CursorCodec<P> {
  write(position: P): string
  /** Null where the text is not a cursor of ours. */
  read(cursor: string): P | null
}

/**
 * One page of a list, newest first.
 *
 * @param find the rows after a position, in the order of the list
 */
export async function pageOf<T extends { createdAt: Date; id: string }>(
  query: PageQuery,
  find: (page: PageRequest) => Promise<readonly T[]>,
  toWire: (row: T) => unknown,
): Promise<Result<WirePage, Problem>> {
  return await pageBy(query, find, toWire, ({ createdAt, id }) => ({ at: createdAt, id }))
}

/** One page of a list that is ordered by another moment or id. */
export async function pageBy<T>(
  query: PageQuery,
  find: (page: PageRequest) => Promise<readonly T[]>,
  toWire: (row: T) => unknown,
  positionOf: (row: T) => Position,
): Promise<Result<WirePage, Problem>> {
  return await pageWith(MOMENT_AND_ID, query, (after, limit) => find({ after, limit }), toWire, positionOf)
}

/**
 * One page of a list that reads a bounded number of rows: it may have fewer than asked for, even none, and a next one.
 *
 * @param find also the position of the last row that it read, where it read as many as it may
 */
export async function pageOfWalk<T>(
  query: PageQuery,
  find: (page: PageRequest) => Promise<{ readonly rows: readonly T[]; readonly end: Position | null }>,
  toWire: (row: T) => unknown,
  positionOf: (row: T) => Position,
): Promise<Result<WirePage, Problem>> {
  const walked: { end: Position | null } = { end: null }
  const readRows = async (page: PageRequest) => {
    const { rows, end } = await find(page)
    walked.end = end
    return rows
  }
  const page = await pageBy(query, readRows, toWire, positionOf)
  if (!page.ok || page.value.next_cursor !== null || walked.end === null) return page
  return yes({ ...page.value, next_cursor: MOMENT_AND_ID.write(walked.end) })
}

/** One page of a list that can also be sorted by name. */
export async function pageSorted<T extends { createdAt: Date; id: string }>(
  { sort = 'created', ...query }: PageQuery & { readonly sort?: ListSort | undefined },
  find: (page: SortedPage) => Promise<readonly T[]>,
  toWire: (row: T) => unknown,
): Promise<Result<WirePage, Problem>> {
  return sort === 'created'
    ? await pageOf(query, (page) => find({ sort, ...page }), toWire)
    : await pageWith(
        ID_ALONE,
        query,
        (after, limit) => find({ sort, after, limit }),
        toWire,
        ({ id }) => id,
      )
}

/** One page of a list whose positions are of another kind. */
export async function pageWith<T, P>(
  codec: CursorCodec<P>,
  query: PageQuery,
  find: (after: P | null, limit: number) => Promise<readonly T[]>,
  toWire: (row: T) => unknown,
  positionOf: (row: T) => P,
): Promise<Result<WirePage, Problem>> {
  const after = query.cursor === undefined ? null : codec.read(query.cursor)
  if (query.cursor !== undefined && after === null) return no(INVALID_CURSOR)
  const limit = query.limit ?? DEFAULT_LIMIT
  // One more row than requested shows that there is a next page.
  const found = await find(after, limit + 1)
  const rows = found.slice(0, limit)
  const last = found.length > limit ? rows.at(-1) : undefined
  const next = last === undefined ? null : codec.write(positionOf(last))
  return yes({ data: rows.map(toWire), next_cursor: next })
}

export const INVALID_CURSOR = problem(
  'invalid_cursor',
  'Send `next_cursor` of the last answer unchanged, or start again without a cursor.',
)

const MOMENT_AND_ID: CursorCodec<Position> = {
  write: ({ at, id }) => Buffer.from(`1 ${at.getTime()} ${id}`).toString('base64url'),
  read: (cursor) => {
    const text = Buffer.from(cursor, 'base64url').toString()
    const [, ms, id] = /^1 (\d{1,15}) ([\x21-\x7e]{1,400})$/.exec(text) ?? []
    return ms === undefined || id === undefined ? null : { at: momentAt(Number(ms)), id }
  },
}

const ID_ALONE: CursorCodec<string> = {
  write: (id) => Buffer.from(`2 ${id}`).toString('base64url'),
  read: (cursor) => /^2 ([\x21-\x7e]{1,400})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1] ?? null,
}
