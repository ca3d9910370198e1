import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formActionOf, placeOf } from './redirect-back.ts'

/** A redirect URI, the `form-action` of the page before it, and what people read of it. */
const ROWS: readonly (readonly [uri: string, formAction: readonly string[], place: string])[] = [
  ['https://app.example.com:8443/cb', ['https:'], 'app.example.com:8443'],
  ['http://127.0.0.1:7001/cb', ['https:', 'http:'], '127.0.0.1:7001'],
  ['http://[::1]:7001/cb', ['https:', 'http:'], '[::1]:7001'],
  ['com.example.app:/cb', ['com.example.app:'], 'com.example.app:'],
  ['com.evil.app://bank.example/cb', ['com.evil.app:'], 'com.evil.app:'],
  // Could be registered once.
  ['com.example.app://[x]/cb', ['com.example.app:'], 'com.example.app:'],
]

describe('where a page may lead', () => {
  for (const [uri, formAction, place] of ROWS)
    it(`WEB-02 CON-15: ${uri} is ${place}, for browsers ${formAction.join(' ')}`, () => {
      assert.deepEqual(formActionOf(uri), formAction)
      assert.equal(placeOf(uri), place)
    })
})
