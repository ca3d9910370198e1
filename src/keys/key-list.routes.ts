import type { FastifyInstance } from 'fastify'
import { no, yes } from '../base/result.ts'
import { INVALID_CURSOR } from '../http/cursor.ts'
import { problem } from '../http/problem.ts'
import { DEFAULT_LIMIT } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { toKeyWire } from './key.wire.ts'
import { TOO_BROAD } from './key-conditions.store.ts'
import { countKeys } from './key-counts.store.ts'
import { listKeys } from './key-list.store.ts'
import {
  fromKeyQuery,
  KEY_POSITION,
  KeyCountQuery,
  KeyCountsWire,
  KeyListQuery,
  KeyPage,
  toKeyCountsWire,
} from './key-list.wire.ts'

const read = {
  method: 'GET',
  permission: 'keys:read',
  withinEnvironments: true,
  tag: 'Keys',
  status: 200,
} as const

/** Routes that list and count keys. */
export function keyListRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    ...read,
    id: 'listKeys',
    url: '/v1/keys',
    summary:
      'Keys that match all parameters. A page may have fewer than `limit`, even none, and still a next one: a request reads a bounded number of keys',
    query: KeyListQuery,
    answer: KeyPage,
    problems: ['invalid_cursor', 'search_too_broad'],
  } as const
  reads(app, pipeline, list, async ({ db, caller: { reach, now }, query }) => {
    const after = query.cursor === undefined ? null : KEY_POSITION.read(query.cursor)
    if (query.cursor !== undefined && after === null) return no(INVALID_CURSOR)
    const { sort, limit = DEFAULT_LIMIT } = query
    const page = await listKeys(db, reach, fromKeyQuery(query), { after, limit, now, sort })
    if (page === TOO_BROAD) return no(SEARCH_TOO_BROAD)
    if (page === 'foreign_position') return no(INVALID_CURSOR)
    const next = page.next === null ? null : KEY_POSITION.write(page.next)
    return yes({ data: page.keys.map((key) => toKeyWire(key, now)), next_cursor: next })
  })

  const count = {
    ...read,
    id: 'countKeys',
    url: '/v1/keys/counts',
    summary: 'How many keys match all parameters, by state; exact up to 10,000',
    query: KeyCountQuery,
    answer: KeyCountsWire,
    problems: ['search_too_broad'],
  } as const
  reads(app, pipeline, count, async ({ db, caller: { reach, now }, query }) => {
    const counts = await countKeys(db, reach, fromKeyQuery(query), now)
    return counts === TOO_BROAD ? no(SEARCH_TOO_BROAD) : yes(toKeyCountsWire(counts))
  })
}

const SEARCH_TOO_BROAD = problem(
  'search_too_broad',
  'More than 2,000 keys have a hint that begins so, or more than 10,000 match and are to be sorted by name. Write more of the text, or choose another `sort`.',
)
