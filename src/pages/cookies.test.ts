import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cookiesFor } from './cookies.ts'

describe('cookies', () => {
  it('CON-10: are bound to the host and to TLS over TLS, and hidden from scripts and foreign forms', () => {
    const cookies = cookiesFor('https://id.example.com/doorward')
    assert.equal(
      cookies.set('session', 'x', null),
      '__Host-doorward-session=x; Path=/; HttpOnly; SameSite=Lax; Secure',
    )
    assert.match(
      cookies.set('session', null, 60),
      /^__Host-doorward-session=; Path=\/; .*; Secure; Max-Age=0$/,
    )
    assert.equal(cookies.read('a=1; __Host-doorward-session=x', 'session'), 'x')
  })

  it('CON-10: are ignored over TLS without the prefix, because a sibling domain could have set them', () => {
    const cookies = cookiesFor('https://id.example.com')
    for (const header of [
      'doorward-session=x',
      'x__Host-doorward-session=x',
      '__host-doorward-session=x',
      '',
      undefined,
    ])
      assert.equal(cookies.read(header, 'session'), undefined, String(header))
  })

  it('are plain without TLS, so that a browser or a script on the same machine keeps them', () => {
    const cookies = cookiesFor('http://127.0.0.1:4000')
    assert.equal(cookies.set('browser', 'x', null), 'doorward-browser=x; Path=/; HttpOnly; SameSite=Lax')
    assert.match(cookies.set('session', 'x', 60), /; Max-Age=60$/)
    assert.equal(cookies.read('__Host-doorward-browser=y; doorward-browser=x', 'browser'), 'x')
  })
})
