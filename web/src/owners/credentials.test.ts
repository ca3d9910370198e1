import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Grant } from '../grants/grants.queries.ts'
import type { KeyRow } from '../keys/keys.queries.ts'
import { inOneList } from './credentials.ts'

const at = (hour: number) => `2030-01-01T${String(hour).padStart(2, '0')}:00:00.000Z`
const key = (hour: number) =>
  ({ id: `key_${hour}`, created_at: at(hour), last_used_at: null }) as never as KeyRow
const grant = (hour: number) =>
  ({ id: `grt_${hour}`, granted_at: at(hour), last_used_at: null }) as never as Grant

describe('keys and connected apps in one list', () => {
  it('newest first, whichever they are', () => {
    const list = inOneList(
      { rows: [key(5), key(2)], hasMore: false },
      { rows: [grant(4), grant(1)], hasMore: false },
    )
    assert.deepEqual(
      list.map(({ id }) => id),
      ['key_5', 'grt_4', 'key_2', 'grt_1'],
    )
  })

  it('shows nothing older than where a list that goes on ends', () => {
    const list = inOneList(
      { rows: [key(5), key(3)], hasMore: true },
      { rows: [grant(4), grant(2), grant(1)], hasMore: true },
    )
    assert.deepEqual(
      list.map(({ id }) => id),
      ['key_5', 'grt_4', 'key_3'],
    )
  })

  it('a list with nothing loaded and nothing more hides no row of the other', () => {
    const list = inOneList({ rows: [], hasMore: false }, { rows: [grant(2)], hasMore: false })
    assert.deepEqual(
      list.map(({ id, kind }) => [id, kind]),
      [['grt_2', 'app']],
    )
  })
})
