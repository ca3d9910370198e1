import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { changesOf } from './audit-changes.ts'

describe('before and after of an audit event', () => {
  const event = (seq: number, detail: Record<string, unknown>) => ({ seq, detail })
  const cases: [name: string, detail: Record<string, unknown>, before: unknown][] = [
    ['the last earlier event that names the field', { name: 'c' }, 'b'],
    ['the event itself, where it says it', { name: 'c', name_before: 'x' }, 'x'],
    ['nothing, where no event names the field', { note: 'c' }, undefined],
  ]
  for (const [name, detail, before] of cases)
    it(`takes the value before from ${name}`, () => {
      const history = [
        event(9, { name: 'z' }),
        event(3, { name: 'b' }),
        event(1, { name: 'a' }),
        event(2, {}),
      ]
      const [change, ...rest] = changesOf(event(5, detail), history)
      assert.deepEqual([change?.after, change?.before, rest.length], ['c', before, 0])
    })
})
