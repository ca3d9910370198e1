import assert from 'node:assert/strict'
import { it } from 'node:test'
import { noteTag, shareTagged, tagOf } from './entity-tags.ts'

it('MGT-34: what was read keeps its ETag when it is read again, in lists and out of them', () => {
  const first = {
    data: [
      { id: 'a', name: 'A' },
      { id: 'b', name: 'B' },
    ],
    next_cursor: null,
  }
  noteTag(first, '"aud_1"')
  const second = {
    data: [
      { id: 'a', name: 'A' },
      { id: 'b', name: 'Other' },
    ],
    next_cursor: null,
  }
  noteTag(second, '"aud_2"')
  const shared = shareTagged(first, second) as typeof first
  assert.deepEqual(shared, second)
  assert.equal(shared.data[0], first.data[0])
  assert.notEqual(shared.data[1], first.data[1])
  assert.deepEqual([shared, ...shared.data].map(tagOf), Array(3).fill('"aud_2"'))
  assert.equal(tagOf(first.data[1] ?? {}), '"aud_1"', 'a form that was opened before')

  const picked = shareTagged([...first.data], [...second.data]) as typeof first.data
  assert.deepEqual(picked.map(tagOf), Array(2).fill('"aud_2"'))
  assert.equal(tagOf({ id: 'a' }), null)
})
