import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { reachOf } from './reach.ts'
import { SENSITIVITIES } from './scope.ts'

const scope = (name: string, sensitivity: (typeof SENSITIVITIES)[number], ...implies: string[]) => ({
  name,
  sensitivity,
  implies,
})

describe('the reach of a scope', () => {
  it('CON-23: is all that it implies, over any number of steps and in circles', () => {
    const reach = reachOf([
      scope('a:1', 'basic', 'a:2'),
      scope('a:2', 'basic', 'a:3', 'a:1'),
      scope('a:3', 'restricted'),
      scope('a:4', 'sensitive', 'a:5'),
      scope('a:5', 'basic'),
      scope('a:6', 'basic', 'a:gone'),
    ])
    assert.deepEqual(reach.get('a:1'), { brings: ['a:2', 'a:3'], sensitivity: 'restricted' })
    assert.deepEqual(reach.get('a:2'), { brings: ['a:1', 'a:3'], sensitivity: 'restricted' })
    assert.deepEqual(reach.get('a:4'), { brings: ['a:5'], sensitivity: 'sensitive' })
    assert.deepEqual(reach.get('a:5'), { brings: [], sensitivity: 'basic' })
    assert.deepEqual(reach.get('a:6'), { brings: ['a:gone'], sensitivity: 'basic' })
  })

  it('CON-23: is never less sensitive than any implied scope', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const entries = fc.tuple(
      ...names.map((name) =>
        fc.record({
          name: fc.constant(name),
          sensitivity: fc.constantFrom(...SENSITIVITIES),
          implies: fc.subarray(names),
        }),
      ),
    )
    const rank = (each = 'basic') => (SENSITIVITIES as readonly string[]).indexOf(each)
    fc.assert(
      fc.property(entries, (catalogue) => {
        const reach = reachOf(catalogue)
        for (const { name, sensitivity } of catalogue) {
          const own = reach.get(name)
          assert.ok(rank(own?.sensitivity) >= rank(sensitivity))
          for (const brought of own?.brings ?? []) {
            assert.ok(rank(own?.sensitivity) >= rank(reach.get(brought)?.sensitivity))
            for (const further of reach.get(brought)?.brings ?? [])
              assert.ok(further === name || own?.brings.includes(further))
          }
        }
      }),
    )
  })
})
