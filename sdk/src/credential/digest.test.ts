import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { digestCredential, digestOfHex, firstRight, hexOfDigest } from './digest.ts'

const slow = (text: string) => createHash('sha256').update(text).digest().toString('utf16le')

test('KEY-06: a digest is SHA-256 of the whole text, in 16 characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const hex = createHash('sha256').update(text).digest('hex')
      const digest = digestCredential(text)
      assert.equal(digest.length, 16)
      assert.equal(hexOfDigest(digest), hex)
      assert.equal(digestOfHex(hex), digest)
    }),
  )
})

test('SUP-08: skips a hash function that this runtime refuses or gets wrong', () => {
  const refused = () => {
    throw new TypeError('Unknown encoding: utf16le')
  }
  const lossy = (text: string) => slow(text).toWellFormed()
  const asHex = (text: string) => createHash('sha256').update(text).digest('hex')
  assert.equal(firstRight([refused, lossy, asHex, slow]), slow)
  assert.throws(() => firstRight([refused, lossy]), /cannot compute SHA-256/)
})
