import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestClient } from '../../test/app.ts'
import { comparable } from '../../test/both-ways.ts'
import { arrive, type OAuthApp, openOAuthApp } from '../../test/oauth.ts'

/** Through a socket forms go the short way where they can; injected ones always go the long way. */
describe('the short way of OAuth’s endpoints', () => {
  let oauth: OAuthApp
  let client: TestClient
  before(async () => {
    oauth = await openOAuthApp()
    client = await oauth.app.clientFor('org_1', {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      client_credentials_scopes: ['orders:read'],
    })
    // The short way opens with the first request that went the long one.
    await arrive(oauth.jar, '/sign-in')
  })
  after(() => oauth.close())

  it('says to a form what the long one says', async () => {
    const basic = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`
    const form = 'application/x-www-form-urlencoded'
    const mine = { authorization: basic, 'content-type': form }
    const own = 'grant_type=client_credentials&scope=orders%3Aread'
    const rows: [path: string, body: string, headers: Record<string, string>, status: number][] = [
      ['/oauth/token', own, mine, 200],
      ['/oauth/token', own, { ...mine, 'content-type': `${form}; charset=utf-8` }, 200],
      ['/oauth/token', own, { ...mine, 'content-type': `${form};charset=UTF-8` }, 200],
      ['/oauth/token', `${own}&scope=orders:read`, mine, 400],
      ['/oauth/token', 'grant_type=client_credentials&scope=nothing', mine, 400],
      ['/oauth/token', 'grant_type=password', mine, 400],
      ['/oauth/token', 'grant_type=refresh_token&refresh_token=%E2%82', mine, 400],
      ['/oauth/token', '%', mine, 400],
      ['/oauth/token', own, { 'content-type': form }, 401],
      ['/oauth/token', own, { 'content-type': 'text/plain' }, 415],
      ['/oauth/token', '{}', { ...mine, 'content-type': 'application/json' }, 415],
      ['/oauth/token', `${own}&x=${'x'.repeat(41_000)}`, mine, 413],
      ['/oauth/token?grant_type=client_credentials', own, mine, 400],
      ['/oauth/token?x=1', own, mine, 200],
      ['/oauth/revoke', 'token=nonsense', mine, 200],
      ['/oauth/revoke', 'token=', mine, 400],
      ['/oauth/introspect', 'token=nonsense', mine, 200],
      ['/oauth/introspect', 'token=nonsense', { 'content-type': form }, 401],
    ]
    for (const [path, body, headers, status] of rows) {
      const what = `${path} ${body.slice(0, 60)}`
      const signal = AbortSignal.timeout(60_000)
      const answer = await fetch(oauth.origin + path, { method: 'POST', body, headers, signal })
      const short = {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        text: await answer.text(),
      }
      const injected = await oauth.app.app.inject({ method: 'POST', url: path, headers, payload: body })
      const long = { status: injected.statusCode, headers: injected.headers, text: injected.body }
      assert.equal(short.status, status, what)
      assert.deepEqual(withoutTokens(comparable(short, true)), withoutTokens(comparable(long, true)), what)
    }
  })
})

/** A token is another each time. */
function withoutTokens(answer: ReturnType<typeof comparable>) {
  if (typeof answer.body?.access_token === 'string') answer.body.access_token = '…'
  return answer
}
