import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Secret } from '@doorward/sdk/kernel'
import { deriveKey } from './derive.ts'

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
