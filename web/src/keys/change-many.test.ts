import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { idsText, MOST_CHOSEN, manyRequest, whichKeys } from './change-many.ts'

describe('the address of the page that changes many keys', () => {
  it('names chosen keys, each once and no more than the API takes, or else the filter of a list', () => {
    assert.equal(whichKeys({}), null)
    assert.equal(whichKeys({ act: 'revoke' }), null)
    assert.deepEqual(whichKeys({ ids: 'key_1..key_2.key_1', state: 'live' }), { ids: ['key_1', 'key_2'] })
    assert.deepEqual(whichKeys({ state: 'live', owner_id: 'org_7', act: 'revoke' }), {
      filter: { owner_id: 'org_7', state: 'live' },
    })
    const many = Array.from({ length: 300 }, (_, at) => `key_${at}`)
    assert.deepEqual(whichKeys({ ids: idsText(many) }), { ids: many.slice(0, MOST_CHOSEN) })
  })

  it('is a request once all that it needs is chosen', () => {
    const which = { ids: ['key_1'] }
    assert.equal(manyRequest(which, {}), null)
    assert.equal(manyRequest(which, { act: 'format-disk' }), null)
    assert.equal(manyRequest(which, { act: 'remove-scope' }), null)
    assert.equal(manyRequest(which, { act: 'shorten-expiry' }), null)
    assert.deepEqual(manyRequest(which, { act: 'revoke' }), { act: 'revoke', body: which })
    assert.deepEqual(manyRequest(which, { act: 'remove-scope', remove_scope: 'a:b', scope: 'c:d' }), {
      act: 'remove-scope',
      body: { ...which, scope: 'a:b' },
    })
  })
})
