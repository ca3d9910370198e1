import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { redirectHost } from './authorization-response.ts'

/** A redirect URI, and what people read of it. */
const ROWS: readonly (readonly [uri: string, place: string])[] = [
  ['https://app.example.com:8443/cb', 'app.example.com:8443'],
  ['http://127.0.0.1:7001/cb', '127.0.0.1:7001'],
  ['http://[::1]:7001/cb', '[::1]:7001'],
  ['com.example.app:/cb', 'com.example.app:'],
  ['com.evil.app://bank.example/cb', 'com.evil.app:'],
  // Could be registered once.
  ['com.example.app://[x]/cb', 'com.example.app:'],
]

describe('where a page may lead', () => {
  for (const [uri, place] of ROWS)
    it(`CON-15: ${uri} is ${place}`, () => {
      assert.equal(redirectHost(uri), place)
    })
})
