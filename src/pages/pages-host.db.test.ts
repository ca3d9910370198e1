import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { openListening } from '../../test/sign-in.ts'

describe('a request with a foreign Host', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp({ publicUrl: 'https://id.example.com', hosts: ['doorward.internal.example'] })
  })
  after(() => app.close())

  const ask = (host: string, method: string, path: string) =>
    app.call(method, path, undefined, { headers: { host }, as: null })

  for (const [method, path] of [
    ['GET', '/sign-in'],
    ['POST', '/sign-in'],
    ['POST', '/sign-out'],
    ['GET', '/set-password?link=x'],
    ['GET', '/oauth/authorize'],
    ['GET', '/oauth/consent'],
    ['GET', '/connected-apps'],
  ] as const)
    it(`WEB-12: gets 421 from ${method} ${path}, with no cookie and no part of that Host`, async () => {
      const { status, headers, text } = await ask('evil.example', method, path)
      assert.equal(status, 421)
      assert.equal(headers['set-cookie'], undefined)
      assert.ok(text.includes('https://id.example.com') && !text.includes('evil.example'))
      for (const host of ['id.example.com', 'doorward.internal.example:4000', '127.0.0.1:4000'])
        assert.notEqual((await ask(host, method, path)).status, 421, host)
    })

  it('is served at the endpoints for programs, which may call the server by internal names', async () => {
    const host = 'doorward.other.example'
    const as = app.adminKey
    for (const path of ['/livez', '/readyz', '/openapi.json', '/.well-known/oauth-authorization-server'])
      assert.equal((await ask(host, 'GET', path)).status, 200, path)
    assert.equal((await app.call('GET', '/v1/keys', undefined, { headers: { host }, as })).status, 200)
    assert.equal(
      (await app.call('POST', '/v1/verify', { credential: 'x' }, { headers: { host }, as })).status,
      200,
    )
    assert.notEqual((await ask(host, 'POST', '/oauth/token')).status, 421)
  })
})

describe('the cookies of pages', () => {
  it('CON-10: binds the cookies to the host and to TLS if the public URL is https', async () => {
    const secure = await openListening({ publicUrl: 'https://id.example.com/login' })
    try {
      const answer = await fetch(`${secure.origin}/sign-in`, { redirect: 'manual' })
      assert.match(answer.headers.get('location') ?? '', /^\/login\/sign-in\?login_challenge=lc_/)
      assert.match(
        answer.headers.getSetCookie()[0] ?? '',
        /^__Host-doorward-browser=br_\w{49}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      )
    } finally {
      await secure.app.close()
    }
  })
})
