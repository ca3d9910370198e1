import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openJar } from '../../../test/cookie-jar.ts'
import {
  allow,
  arrive,
  authorizePath,
  connect,
  EMAIL,
  type OAuthApp,
  openOAuthApp,
  pkce,
} from '../../../test/oauth.ts'
import { makeUser, PASSWORD } from '../../../test/sign-in.ts'

describe('prior consent, without a consent page', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp()
  })
  after(() => oauth.close())

  const path = (client_id: string, more: Record<string, string> = {}) =>
    authorizePath({ client_id, code_challenge: pkce().challenge, ...more })
  const grantsOf = async (clientId: string) =>
    (await oauth.app.call('GET', `/v1/grants?client_id=${clientId}&state=active`)).body.data

  it('CON-17: a first-party client needs no question at first; what the user removes stays removed until they allow it again', async () => {
    const { client_id: id } = await oauth.app.clientFor(null, {
      first_party: true,
      scopes: ['orders:read', 'orders:write'],
    })
    const jar = openJar(oauth.origin)
    const first = await arrive(jar, path(id))
    assert.match(first.location ?? '', /code=/, 'no page')
    const [grant] = await grantsOf(id)
    await oauth.app.call('PATCH', `/v1/grants/${grant.id}`, { scopes: ['orders:read'] })
    const [reduced] = await grantsOf(id)
    oauth.app.clock.advance({ seconds: 60 })

    const none = await jar.get(path(id, { prompt: 'none' }))
    assert.match(none.location ?? '', /error=consent_required/)
    const silent = await jar.follow(await jar.get(path(id, { scope: 'orders:read' })))
    assert.match(silent.location ?? '', /code=/, 'what is left of it needs no question')
    const page = await arrive(jar, path(id))
    assert.match(page.text, /New: it will also be able to.*Allows orders:write/s)
    assert.deepEqual(await grantsOf(id), [reduced], 'as the user left it, with what they saw and when')
    await allow(jar, page)
    assert.deepEqual((await grantsOf(id))[0].scopes, ['orders:read', 'orders:write'])
  })

  it('CON-17: a host that was not shown before is shown', async () => {
    const hosts = ['https://a.example/cb', 'https://b.example/cb', 'http://127.0.0.1/cb']
    const { client_id: id } = await oauth.app.clientFor(null, { redirect_uris: hosts })
    const jar = openJar(oauth.origin)
    const back = await connect(jar, {
      client_id: id,
      code_challenge: pkce().challenge,
      redirect_uri: hosts[0],
    })
    assert.equal(back.host, 'a.example')
    const to = (redirect_uri: string) => arrive(jar, path(id, { redirect_uri }))
    assert.match((await to('https://a.example/cb')).location ?? '', /code=/)
    const page = await to('https://b.example/cb')
    assert.match(page.text, /You will be sent to <strong>b\.example<\/strong>/)
    await allow(jar, page)
    assert.match((await to('https://b.example/cb')).location ?? '', /code=/)
    await allow(jar, await to('http://127.0.0.1:7001/cb'))
    assert.match(
      (await to('http://127.0.0.1:7002/cb')).location ?? '',
      /code=/,
      'another port of this machine',
    )
  })

  it('AUZ-19: select_account shows the page, where another user can sign in and answer', async () => {
    const { client_id: id } = await oauth.app.clientFor(null)
    const bob = 'bob@example.com'
    const bobId = await makeUser(oauth.app, bob, ['org_2'])
    const jar = openJar(oauth.origin)
    await connect(jar, { client_id: id, code_challenge: pkce().challenge })
    oauth.app.clock.advance({ seconds: 5 })
    const choosing = path(id, { prompt: 'select_account', login_hint: 'ann@example.com' })
    const page = await jar.follow(await jar.get(choosing))
    assert.match(page.text, /Signed in as <strong>Ann Archer<\/strong>.*Not you\?/s)
    const form = await jar.follow(await jar.submit(page, { decision: 'somebody_else' }))
    assert.match(form.text, /id="email"[^>]* value=""/, 'the hint was about the other one')
    const his = await jar.follow(await jar.submit(form, { email: bob, password: PASSWORD }))
    assert.match(his.text, /bob@example\.com/)
    assert.ok((await allow(jar, his)).searchParams.get('code'))
    assert.deepEqual(
      (await grantsOf(id)).map((grant: { user_id: string }) => grant.user_id).sort(),
      [oauth.userId, bobId].sort(),
    )
  })
})

describe('when a grant ends by itself', () => {
  it('CON-17: a grant that expires between question and answer is not extended', async () => {
    const lifetimes = { accessSeconds: 600, refreshIdleSeconds: 86_400, refreshAbsoluteSeconds: 86_400 }
    const settings = { lifetimes, grantSeconds: 86_400, documentHosts: 'none', registration: false } as const
    const oauth = await openOAuthApp({ oauth: settings })
    const { client_id } = await oauth.app.clientFor(null)
    const jar = openJar(oauth.origin)
    const asked = { client_id, code_challenge: pkce().challenge }
    await connect(jar, asked)
    oauth.app.clock.advance({ seconds: 86_400 - 300 })
    // Signs in again, and takes ten minutes over it.
    jar.cookies.delete('doorward-session')
    const form = await jar.follow(await jar.get(authorizePath(asked)))
    oauth.app.clock.advance({ seconds: 600 })
    const page = await jar.follow(await jar.submit(form, { email: EMAIL, password: PASSWORD }))
    assert.match(page.text, /name="decision"/)
    assert.match(page.text, /for one day at most, or until/, 'CON-15')
    assert.ok((await allow(jar, page)).searchParams.get('code'))
    await oauth.close()
  })
})
