import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { digestCredential } from '../credential/digest.ts'
import { DigestMap } from './digest-map.ts'

test('for any sets and deletes, holds what a Map holds', () => {
  const digest = fc.integer({ min: 0, max: 30 }).map((n) => digestCredential(`${n}`))
  const step = fc.record({ digest, value: fc.option(fc.integer(), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new DigestMap<number>()
      const model = new Map<string, number>()
      for (const { digest, value } of steps) {
        if (value === undefined) {
          map.delete(digest)
          model.delete(digest)
        } else {
          map.set(digest, value)
          model.set(digest, value)
        }
        assert.equal(map.get(digest), model.get(digest))
        assert.equal(map.size, model.size)
      }
      const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b)
      assert.deepEqual(sorted(map.values()), sorted(model.values()))
    }),
    { numRuns: 300 },
  )
})
