import assert from 'node:assert/strict'
import { it } from 'node:test'
import { valueWords } from './value-words.ts'

it('says lists, nothing and objects in one line', () => {
  assert.deepEqual(
    [['a', 'b'], [], null, { a: 1 }, 4].map((value) => valueWords(value, 'not set')),
    ['a, b', 'not set', 'not set', 'a: 1', '4'],
  )
  const limits = [{ name: 'calls', window_seconds: 60 }, { name: 'burst' }]
  assert.equal(valueWords(limits, 'not set'), 'name: calls, window seconds: 60; name: burst')
  assert.equal(valueWords({ from: null, to: 'viewer' }, 'not set'), 'not set → viewer')
  assert.match(valueWords('2030-01-01T00:00:00.000Z', ''), /1 Jan 2030/)
})
