import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestApp } from '../../test/app.ts'
import { type CookieJar, openJar } from '../../test/cookie-jar.ts'
import { ENGINE } from '../../test/database.ts'
import { waitForLocks } from '../../test/lock-waits.ts'
import { authorizePath, pkce, REDIRECT_URI } from '../../test/oauth.ts'
import { isSignedIn, openListening } from '../../test/sign-in.ts'
import { chainHead } from '../audit/audit-event.store.ts'
import { CHALLENGE_SECONDS } from './login-challenge.ts'
import { startSignIn } from './start-sign-in.ts'

const LOGIN_URL = 'https://login.example.com/start?lang=en'
const DENIED = `${REDIRECT_URI}?error=access_denied&error_description=The+user+was+not+signed+in.&iss=http%3A%2F%2Fdoorward.test`
const ANN = {
  user_id: 'u_7',
  display_name: 'Ann Archer',
  owners: [
    { id: 'org_2', name: 'Zebra' },
    { id: 'org_1', name: 'Acme' },
  ],
}

const linkOf = ({ text }: { text: string }) =>
  /<a href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''

describe('external login at the API provider', () => {
  let app: TestApp
  let origin: string
  before(async () => {
    ;({ app, origin } = await openListening({ loginUrl: LOGIN_URL }))
  })
  after(() => app.close())

  /** A browser that was sent to the login, and the challenge in its URL. */
  async function sentAway(path = '/sign-in'): Promise<{ jar: CookieJar; challenge: string }> {
    const jar = openJar(origin)
    const { location } = await jar.get(path)
    const url = new URL(location ?? '')
    assert.equal(`${url.origin}${url.pathname}?lang=${url.searchParams.get('lang')}`, LOGIN_URL)
    return { jar, challenge: url.searchParams.get('login_challenge') ?? '' }
  }
  const call = (challenge: string, verb: '' | '/accept' | '/reject', body?: object) =>
    app.call(verb === '' ? 'GET' : 'POST', `/v1/login-challenges/${challenge}${verb}`, body)
  const accept = async (challenge: string, more: object = {}) => {
    const { status, body, text } = await call(challenge, '/accept', { ...ANN, ...more })
    assert.equal(status, 200, text)
    return String(body.redirect_to).replace('http://doorward.test', '')
  }
  const codes = async (challenge: string) => {
    const verbs = [
      call(challenge, ''),
      call(challenge, '/accept', ANN),
      call(challenge, '/reject', { reason: 'x' }),
    ]
    return (await Promise.all(verbs)).map(({ body }) => body.code)
  }

  it('signs in the person that the provider names, in the browser that started, with the named owners', async () => {
    const { jar, challenge } = await sentAway()
    const { body } = await call(challenge, '')
    assert.deepEqual([body.client_name, body.login_hint, body.fresh_sign_in], [null, null, false])
    const back = await jar.get(await accept(challenge))
    assert.deepEqual([back.status, back.location], [303, '/sign-in'])
    const { text } = await jar.follow(back)
    assert.match(text, /You are signed in.*Ann Archer.*Acme, Zebra/s)
    const out = await jar.submit(await jar.get('/sign-in'), {})
    assert.match((await jar.follow(out)).text, /You are signed out/)
    assert.equal(await isSignedIn(jar), false)
  })

  it('CON-16: refuses the verifier in another browser, and does not spend it there', async () => {
    const [victim, { jar: attacker, challenge }] = [openJar(origin), await sentAway()]
    const path = await accept(challenge)
    for (const foreign of [victim, (await sentAway()).jar]) {
      const answer = await foreign.get(path)
      assert.equal(answer.status, 400)
      assert.match(answer.text, /started in another browser/)
      assert.equal(await isSignedIn(foreign), false)
    }
    assert.equal((await attacker.get(path)).status, 303)
    assert.equal(await isSignedIn(attacker), true)
  })

  it('spends a verifier once under concurrent requests; going back redirects on', async () => {
    const { jar, challenge } = await sentAway()
    const path = await accept(challenge)
    const cookie = `doorward-browser=${jar.cookies.get('doorward-browser')}`
    const all = await Promise.all(
      Array.from({ length: 8 }, () => fetch(origin + path, { headers: { cookie }, redirect: 'manual' })),
    )
    const set = all.flatMap((answer) => answer.headers.getSetCookie())
    assert.deepEqual([set.length, all.filter(({ status }) => status === 303).length], [1, 1])
    assert.equal(
      (
        await app.db
          .selectFrom('sessions')
          .select('id')
          .where('ended_at', 'is', null)
          .where('user_id', '=', 'u_7')
          .execute()
      ).length >= 1,
      true,
    )
    jar.cookies.set('doorward-session', /=([^;]+)/.exec(set[0] ?? '')?.[1] ?? '')
    const again = await jar.get(path)
    assert.deepEqual([again.status, again.location], [303, '/sign-in'])
    jar.cookies.delete('doorward-session')
    assert.equal((await jar.get(path)).status, 400)
  })

  it('accepts one answer to a challenge: of racing answers one counts, and the others are refused', async () => {
    const { jar, challenge } = await sentAway()
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, (_, n) => call(challenge, '/accept', { ...ANN, user_id: `u_${n}` })),
      call(challenge, '/reject', { reason: 'no' }),
    ])
    const won = answers.filter(({ status }) => status === 200)
    assert.equal(won.length, 1)
    const lost = answers.filter(({ status }) => status !== 200).map(({ body }) => body.code)
    assert.deepEqual(lost, Array(5).fill('login_challenge_answered'))
    assert.deepEqual(await codes(challenge), Array(3).fill('login_challenge_answered'))
    await jar.get(String(won[0]?.body.redirect_to).replace('http://doorward.test', ''))
    assert.deepEqual(await codes(challenge), Array(3).fill('login_challenge_answered'))
  })

  it('returns the same response to a request that is repeated under its Idempotency-Key', async () => {
    const { jar, challenge } = await sentAway()
    const ask = () =>
      app.call('POST', `/v1/login-challenges/${challenge}/accept`, ANN, {
        headers: { 'idempotency-key': challenge },
      })
    const [first, second] = [await ask(), await ask()]
    assert.equal(first.body.redirect_to, second.body.redirect_to)
    assert.equal((await jar.get(first.body.redirect_to.replace('http://doorward.test', ''))).status, 303)
  })

  it('refuses to answer or spend an expired challenge; an unknown one is not found', async () => {
    const [one, other] = [await sentAway(), await sentAway()]
    const path = await accept(other.challenge)
    app.clock.advance({ seconds: CHALLENGE_SECONDS })
    assert.deepEqual(await codes(one.challenge), Array(3).fill('login_challenge_expired'))
    const late = await other.jar.get(path)
    assert.equal(late.status, 400)
    assert.match(late.text, /This sign-in is over/)
    assert.equal(await isSignedIn(other.jar), false)
    for (const made of [`lc_${'a'.repeat(49)}`, 'lc_x', 'x'])
      assert.deepEqual(await codes(made), Array(3).fill('not_found'))
    for (const made of ['', `lv_${'a'.repeat(49)}`, one.challenge])
      assert.equal((await one.jar.get(`/sign-in/return?login_verifier=${made}`)).status, 400)
  })

  it('shows a rejected person the reason, as text, and starts no session', async () => {
    const { jar, challenge } = await sentAway()
    const { body } = await call(challenge, '/reject', { reason: 'Your <account> is closed.' })
    const back = await jar.get(body.redirect_to.replace('http://doorward.test', ''))
    assert.equal(back.status, 403)
    assert.match(back.text, /Your &lt;account&gt; is closed\./)
    assert.equal(await isSignedIn(jar), false)
    const { body: events } = await app.call('GET', '/v1/audit-events?action=login.rejected')
    assert.equal(events.data[0].detail.reason, 'Your <account> is closed.')
  })

  it('AUD-12: of the sign-ins of strangers that are rejected, twenty a minute are audit events, and the rest are counted', async () => {
    app.clock.advance({ seconds: 61 })
    const since = app.clock.now().toISOString()
    for (let n = 0; n < 50; n++) {
      const { challenge } = await sentAway()
      assert.equal((await call(challenge, '/reject', { reason: `no ${n}` })).status, 200)
    }
    const { body: events } = await app.call(
      'GET',
      `/v1/audit-events?action=login.rejected&since=${since}&limit=200`,
    )
    assert.equal(events.data.length, 20)
    const { body: counted } = await app.call('GET', '/v1/refused-attempts')
    assert.equal(counted.data[0].codes.sign_in_refused, 30)
    app.clock.advance({ seconds: 61 })
  })

  it('shows a rejected person who came from an app the reason, and leads back to the app', async () => {
    const { client_id } = await app.clientFor(null)
    const { jar, challenge } = await sentAway(authorizePath({ client_id, code_challenge: pkce().challenge }))
    const { body } = await call(challenge, '/reject', { reason: 'Your trial is over.' })
    const page = await jar.get(body.redirect_to.replace('http://doorward.test', ''))
    assert.deepEqual([page.status, page.location], [403, null])
    assert.match(page.text, /Your trial is over\..*Back to An app/s)
    assert.equal((await jar.get(linkOf(page))).location, DENIED)
  })

  it('accepts the ids of identity providers and directories, up to 255 characters', async () => {
    const ids = ['auth0|64f0a1b2', 'google-oauth2|1037', 'dlvyg+PkAtlC=', '_AAAA', '-BBBB', 'u'.repeat(255)]
    ids.push(
      'DOMAIN\\jdoe',
      "uid=o'brien,ou=people,dc=x",
      '=1+1',
      '...',
      '.a/..b',
      'a\\...\\b',
      'https://idp/u/7',
    )
    for (const user_id of ids) {
      const { jar, challenge } = await sentAway()
      assert.equal((await jar.get(await accept(challenge, { user_id }))).status, 303, user_id)
      const sessions = await app.call('GET', `/v1/users/${encodeURIComponent(user_id)}/sessions`)
      assert.equal(sessions.body.data.length, 1, user_id)
    }
    // Header injection, path traversal, and characters that some parser on the way reads differently.
    const refused = [
      '',
      'u'.repeat(256),
      'a b',
      'a\u0000',
      'ä',
      'a\r\nX-Admin: 1',
      'a\n',
      'a\t',
      '.',
      '..',
      '../keys',
    ]
    refused.push(
      '..\\keys',
      'a/../b',
      'a\\..\\b',
      'a/..',
      'a\\.',
      'a%2e',
      'a"b',
      'a`b',
      '<b>',
      '{a}',
      'a\u007f',
    )
    for (const user_id of refused) {
      const { challenge } = await sentAway()
      assert.equal((await call(challenge, '/accept', { ...ANN, user_id })).status, 400)
    }
  })

  it('redirects on without the login if another tab has signed in meanwhile', async () => {
    const { jar, challenge } = await sentAway()
    const path = `/sign-in?login_challenge=${challenge}`
    const second = await jar.get('/sign-in')
    await jar.get(await accept(challenge))
    const other = new URL(second.location ?? '').searchParams.get('login_challenge')
    assert.equal((await jar.get(`/sign-in?login_challenge=${other}`)).location, '/sign-in')
    assert.notEqual((await jar.get(path)).location, '/sign-in', 'it was spent')
  })

  it('AUZ-19: refuses an old sign-in if a fresh one is requested, and dates an accepted one no earlier than the request', async () => {
    const { jar } = await sentAway()
    const browser = jar.cookies.get('doorward-browser') ?? ''
    const visit = {
      now: app.clock.now(),
      ip: null,
      requestId: 'r',
      query: new URLSearchParams(),
      isGone: () => false,
      userAgent: null,
      browser: () => browser,
      cookie: () => undefined,
      setCookie: () => {},
    }
    const request = {
      returnTo: '/next?a=b',
      refusedTo: '/refused',
      clientName: 'Orders',
      loginHint: 'ann@x.example',
      fresh: true,
    }
    const challenge = await startSignIn(app.db, visit, request)
    const { body } = await call(challenge, '')
    assert.deepEqual(
      [body.client_name, body.login_hint, body.fresh_sign_in],
      ['Orders', 'ann@x.example', true],
    )
    const at = (seconds: number) => new Date(visit.now.getTime() + seconds * 1000).toISOString()
    const tried = async (seconds: number) =>
      (await call(challenge, '/accept', { ...ANN, authenticated_at: at(seconds) })).body.code
    assert.equal(await tried(-60), 'sign_in_too_old')
    assert.equal(await tried(60), 'invalid_request')
    const silent = await call(challenge, '/accept', ANN)
    assert.deepEqual([silent.status, silent.body.faults[0].at], [400, '/authenticated_at'])
    // The provider's clock is three seconds slow.
    const back = await jar.get(await accept(challenge, { authenticated_at: at(-3) }))
    assert.equal(back.location, '/next?a=b')
    const newest = await app.db
      .selectFrom('sessions')
      .select('authenticated_at')
      .where('ended_at', 'is', null)
      .orderBy('created_at', 'desc')
      .executeTakeFirstOrThrow()
    assert.deepEqual(newest.authenticated_at, visit.now)

    const other = await startSignIn(app.db, visit, request)
    const { body: refused } = await call(other, '/reject', { reason: 'no' })
    const page = await jar.get(refused.redirect_to.replace('http://doorward.test', ''))
    assert.equal(linkOf(page), '/refused')
  })

  it('a person who is removed from an owner no longer acts for it, in sessions and in sign-ins under way', async () => {
    const eve = { user_id: 'eve@idp/1' }
    const [one, other] = [await sentAway(), await sentAway()]
    await one.jar.get(await accept(one.challenge, eve))
    const path = await accept(other.challenge, eve)
    const removed = await app.call('DELETE', `/v1/owners/org_2/members/${encodeURIComponent('eve@idp/1')}`)
    assert.equal(removed.status, 204)
    await other.jar.get(path)
    for (const { jar } of [one, other]) {
      const { text } = await jar.get('/sign-in')
      assert.match(text, /<p class="hint">Acme<\/p>/)
    }
    const { body } = await app.call('GET', '/v1/audit-events?action=member.removed')
    assert.deepEqual([body.data.length, body.data[0].target_id], [1, 'eve@idp/1'])
  })

  it('CON-24: a person who is removed from an owner while returning from the login does not act for it', {
    skip: ENGINE === 'pglite' && 'one connection: no two transactions at once',
  }, async () => {
    const ivy = { user_id: 'ivy@idp/1' }
    const { jar, challenge } = await sentAway()
    const path = await accept(challenge, ivy)
    // The audit log's lock blocks the session once it is stored, and the removal once all its rows are deleted.
    const { coming, removing } = await app.db.transaction().execute(async (tx) => {
      await chainHead(tx, 'lock')
      const coming = jar.get(path)
      await waitForLocks(app.db, 1)
      const removing = app.call('DELETE', `/v1/owners/org_2/members/${encodeURIComponent(ivy.user_id)}`)
      await waitForLocks(app.db, 2)
      return { coming, removing }
    })
    await coming
    assert.equal((await removing).status, 204)
    const { text } = await jar.get('/sign-in')
    assert.match(text, /<p class="hint">Acme<\/p>/)
  })

  it('REF-10: a disabled person is not accepted, is signed out, and is refused on return from a sign-in under way', async () => {
    const zed = { user_id: 'zed@idp/1' }
    const path = `/v1/users/${encodeURIComponent(zed.user_id)}`
    const { client_id } = await app.clientFor(null)
    const [one, other, late] = [await sentAway(), await sentAway(), await sentAway()]
    await one.jar.get(await accept(one.challenge, zed))
    const back = await accept(other.challenge, zed)
    const forAnApp = await sentAway(authorizePath({ client_id, code_challenge: pkce().challenge }))
    const backToTheApp = await accept(forAnApp.challenge, zed)
    const { body: sessions } = await app.call('GET', `${path}/sessions`)
    assert.equal(sessions.data.length, 1)

    const { body: standing } = await app.call('POST', `${path}/disable`, { reason: 'test' })
    assert.deepEqual(standing, {
      id: zed.user_id,
      disabled_at: app.clock.now().toISOString(),
      disabled_reason: 'test',
    })
    assert.equal(await isSignedIn(one.jar), false)
    const refused = await other.jar.get(back)
    assert.equal(refused.status, 403)
    assert.match(refused.text, /You were not signed in.*cannot sign in here at the moment/s)
    const shown = await forAnApp.jar.get(backToTheApp)
    assert.match(shown.text, /You were not signed in.*cannot sign in here at the moment.*Back to/s)
    assert.equal((await forAnApp.jar.get(linkOf(shown))).location, DENIED)
    const answer = await call(late.challenge, '/accept', { ...ANN, ...zed })
    assert.deepEqual([answer.status, answer.body.code], [409, 'user_disabled'])
    // The challenge is not spent: the provider can still reject it, or name another person.
    await late.jar.get(await accept(late.challenge))
    assert.equal(await isSignedIn(late.jar), true)

    assert.equal((await app.call('POST', `${path}/enable`)).status, 200)
    assert.equal(await isSignedIn(one.jar), false)
    const again = await sentAway()
    await again.jar.get(await accept(again.challenge, zed))
    assert.equal(await isSignedIn(again.jar), true)
  })

  it('CON-12: lists no sessions for an unknown person', async () => {
    const { status, body } = await app.call('GET', '/v1/users/nobody@idp/sessions')
    assert.deepEqual([status, body.data], [200, []])
  })

  it('refuses an owner that is named twice, and a session of another sign-in method', async () => {
    const { challenge } = await sentAway()
    const twice = { ...ANN, owners: [ANN.owners[0], ANN.owners[0]] }
    assert.equal((await call(challenge, '/accept', twice)).body.code, 'invalid_request')
    const { jar, challenge: fine } = await sentAway()
    await jar.get(await accept(fine))
    assert.equal(await isSignedIn(jar), true)
    await app.db.updateTable('sessions').set({ person: null }).execute()
    assert.equal(await isSignedIn(jar), false)
  })
})
