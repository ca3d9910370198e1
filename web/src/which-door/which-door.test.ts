import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { doorFor } from './which-door.ts'

describe('which credential', () => {
  const cases: [whose: string | undefined, who: string | undefined, door: string | null][] = [
    [undefined, undefined, null],
    ['ours', undefined, 'admin_key'],
    ['customer', undefined, null],
    ['customer', 'program', 'key'],
    ['customer', 'person', 'client'],
    ['users', 'person', 'client'],
    ['users', 'program', 'client_credentials'],
    ['nonsense', 'program', null],
  ]
  for (const [whose, who, door] of cases)
    it(`is ${door ?? 'not yet known'} for ${whose ?? 'no'} data and ${who ?? 'nobody'} who acts`, () =>
      assert.equal(doorFor(whose, who), door))
})
