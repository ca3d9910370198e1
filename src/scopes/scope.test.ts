import assert from 'node:assert/strict'
import { it } from 'node:test'
import { whyNotDeprecateScope, whyNotReinstateScope, whyNotRemoveScope } from './scope.ts'

const AT = new Date('2030-01-01T12:00:00.000Z')

it('a scope is deprecated once, and reinstated once', () => {
  assert.equal(whyNotDeprecateScope({ deprecatedAt: null }), null)
  assert.deepEqual(whyNotDeprecateScope({ deprecatedAt: AT }), { code: 'already_deprecated', at: AT })
  assert.equal(whyNotReinstateScope({ deprecatedAt: AT }), null)
  assert.deepEqual(whyNotReinstateScope({ deprecatedAt: null }), { code: 'not_deprecated' })
})

for (const [what, held, isRefused] of [
  ['nothing holds', {}, false],
  ['a key holds', { keys: 1 }, true],
  ['a client holds', { clients: 1 }, true],
  ['another scope implies', { implying: ['invoices:admin'] }, true],
] as const)
  it(`a scope that ${what} ${isRefused ? 'cannot be removed' : 'can be removed'}`, () => {
    const holders = { keys: 0, clients: 0, implying: [], ...held }
    assert.deepEqual(whyNotRemoveScope(holders), isRefused ? { ...holders, code: 'scope_in_use' } : null)
  })
