import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lengthsOf, nameAt } from './raw-headers.ts'

describe('looking for names in raw headers', () => {
  const lengths = lengthsOf('authorization', 'x-api-key')
  const names = (...rawHeaders: string[]) =>
    rawHeaders.flatMap((_, at) => (at % 2 === 0 ? [nameAt(rawHeaders, at, lengths)] : []))

  it('finds each, however it is written and however often', () => {
    assert.deepEqual(names('AUTHORIZATION', 'a', 'X-Api-Key', 'b', 'authorization', 'c'), [
      'authorization',
      'x-api-key',
      'authorization',
    ])
  })
  it('passes over what has another length, and never takes a value for a name', () => {
    assert.deepEqual(names('Host', 'authorization', 'Accept', 'x-api-key'), [null, null])
    assert.equal(nameAt(['Host'], 2, lengths), null)
  })
  it('tells another name of the same length as it is', () => {
    assert.deepEqual(names('X-API-KEX', 'a'), ['x-api-kex'])
  })
})
