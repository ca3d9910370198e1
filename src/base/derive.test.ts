import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Secret } from '@doorward/sdk/kernel'
import { deriveKey } from './derive.ts'
import { seal, unseal } from './seal.ts'

describe('keys from the server secret', () => {
  it('CRY-02: each purpose has its own key, the same on every server with the secret', () => {
    const [one, other] = [new Secret('a'.repeat(32)), new Secret('b'.repeat(32))]
    const keys = [
      deriveKey(one, 'form token'),
      deriveKey(one, 'better-auth'),
      deriveKey(other, 'form token'),
      deriveKey(other, 'better-auth'),
    ].map((key) => key.toString('hex'))
    assert.equal(new Set(keys).size, 4)
    assert.match(keys[0] ?? '', /^[0-9a-f]{64}$/)
    assert.equal(deriveKey(new Secret('a'.repeat(32)), 'form token').toString('hex'), keys[0])
  })
})

describe('sealed secrets', () => {
  it('CRY-04: come back with the same key and place only, unchanged', () => {
    const key = deriveKey(new Secret('a'.repeat(32)), 'sealed secret')
    const other = deriveKey(new Secret('b'.repeat(32)), 'sealed secret')
    const sealed = seal(key, 'a client secret, ü', 'table a')
    assert.ok(!sealed.includes('client secret'))
    assert.notDeepEqual(seal(key, 'a client secret, ü', 'table a'), sealed)
    assert.equal(unseal(key, sealed, 'table a'), 'a client secret, ü')
    assert.equal(unseal(key, sealed, 'table b'), null)
    assert.equal(unseal(other, sealed, 'table a'), null)
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.equal(unseal(key, changed, 'table a'), null)
      assert.equal(unseal(key, sealed.subarray(0, at), 'table a'), null)
    }
  })
})
