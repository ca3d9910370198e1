import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { TestApp } from '../../test/app.ts'
import { hiddenFields, openJar } from '../../test/cookie-jar.ts'
import { isSignedIn, makeUser, openForm, openListening, PASSWORD, signedInJar } from '../../test/sign-in.ts'
import { ABSOLUTE_SECONDS, IDLE_SECONDS, SEEN_EVERY_SECONDS } from '../sessions/session.ts'
import { CHALLENGE_SECONDS } from './login-challenge.ts'

const SESSION = 'doorward-session'

describe('sign-in with a password', () => {
  let app: TestApp
  let origin: string
  before(async () => {
    ;({ app, origin } = await openListening())
    await makeUser(app, 'ann@acme.example')
  })
  after(() => app.close())

  const good = { email: 'ann@acme.example', password: PASSWORD }

  it('CON-11: works for a script with a cookie jar: a form, its fields, 303 with a cookie of a week, and a page that names the user', async () => {
    const jar = openJar(origin)
    const form = await openForm(jar)
    assert.equal(form.status, 200)
    const done = await jar.submit(form, { email: ' Ann@ACME.example ', password: PASSWORD })
    assert.deepEqual([done.status, done.location], [303, '/sign-in'])
    const cookie = `${SESSION}=ss_\\w{49}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${ABSOLUTE_SECONDS}`
    assert.match(done.headers.getSetCookie().join(), new RegExp(`^${cookie}$`))
    const { text } = await jar.follow(done)
    assert.match(text, /You are signed in.*Ann Archer.*ann@acme\.example/s)
  })

  it('CON-09: gives the browser a new session at sign-in and ends the previous one (session fixation)', async () => {
    const jar = await signedInJar(origin, good.email)
    const before = jar.cookies.get(SESSION) ?? ''
    const planted = openJar(origin)
    planted.cookies.set(SESSION, before)
    assert.equal(await isSignedIn(planted), true)
    app.clock.advance({ seconds: 1 })
    const answer = await jar.get('/sign-in', {
      cookie: `doorward-browser=${jar.cookies.get('doorward-browser')}`,
    })
    // As an app requests with `prompt=login`: otherwise a signed-in user is not asked again.
    await sql`update login_challenges set wants_fresh = true where spent_at is null`.execute(app.db)
    // A form of the current session: a form that is shown to one session cannot be sent by another.
    const form = await jar.follow(answer)
    assert.equal((await jar.submit(form, good)).status, 303)
    assert.notEqual(jar.cookies.get(SESSION), before)
    assert.equal(await isSignedIn(jar), true)
    assert.equal(await isSignedIn(planted), false)
  })

  it('CON-09: ignores an invented or planted session, before and after sign-in', async () => {
    const jar = openJar(origin)
    const made = `ss_${'a'.repeat(49)}`
    jar.cookies.set(SESSION, made)
    assert.equal(await isSignedIn(jar), false)
    assert.equal((await jar.submit(await openForm(jar), good)).status, 303)
    assert.notEqual(jar.cookies.get(SESSION), made)
    const other = openJar(origin)
    other.cookies.set(SESSION, made)
    assert.equal(await isSignedIn(other), false)
  })

  it('STO-01: accepts no text from any database row as a session', async () => {
    const jar = await signedInJar(origin, good.email)
    const found: string[] = []
    for (const table of [
      'sessions',
      'login_challenges',
      'users',
      'user_credentials',
      'audit_events',
    ] as const)
      for (const row of await app.db.selectFrom(table).selectAll().execute())
        for (const value of Object.values(row)) {
          if (typeof value === 'string') found.push(value)
          if (value instanceof Uint8Array)
            for (const form of ['hex', 'base64', 'base64url'] as const)
              found.push(Buffer.from(value).toString(form))
        }
    assert.ok(found.length > 50)
    const token = jar.cookies.get(SESSION) ?? ''
    assert.ok(!JSON.stringify(found).includes(token.slice(3)))
    const body = (text: string) => text.replace(/\W/g, '').slice(0, 49).padEnd(49, '0')
    for (const text of new Set(found))
      for (const cookie of [text, `ss_${text}`, `ss_${body(text)}`]) {
        const thief = openJar(origin)
        thief.cookies.set(SESSION, encodeURIComponent(cookie))
        const { status } = await thief.get('/sign-in', { cookie: `${SESSION}=${encodeURIComponent(cookie)}` })
        assert.equal(status, 303, `${text.slice(0, 12)}… signs in`)
      }
    assert.equal(await isSignedIn(jar), true)
  })

  it('CON-06: gives the same response to an unknown address and to a wrong password', async () => {
    const answers = []
    for (const email of ['ann@acme.example', 'nobody@acme.example', 'no address']) {
      const jar = openJar(origin)
      const form = await openForm(jar)
      const answer = await jar.submit(form, { email, password: 'not this one at all' })
      const hidden = [form, answer].flatMap(({ text }) => Object.values(hiddenFields(text)))
      const same = hidden.reduce(
        (text, value) => text.replaceAll(value, ''),
        answer.text.replaceAll(email, ''),
      )
      const headers = [...answer.headers].filter(
        ([name]) => !/^(date|x-request-id|content-length)$/.test(name),
      )
      answers.push(JSON.stringify([answer.status, headers, same]))
    }
    assert.equal(new Set(answers).size, 1)
    assert.match(answers[0] ?? '', /^\[401/)
  })

  it('CON-05: refuses a guesser with the time to retry after, and does not lock the user out', async () => {
    const app = await openListening({ trustedProxies: null })
    try {
      await makeUser(app.app, 'bo@acme.example')
      const jar = openJar(app.origin)
      const form = await openForm(jar)
      const statuses = []
      for (let n = 0; n < 11; n++)
        statuses.push(
          (await jar.submit(form, { email: 'bo@acme.example', password: `guess number ${n}` })).status,
        )
      assert.deepEqual(statuses, [...Array(10).fill(401), 429])
      const right = await jar.submit(form, { email: 'BO@acme.example', password: PASSWORD })
      assert.equal(right.status, 429)
      assert.ok(Number(right.headers.get('retry-after')) > 500)
      assert.equal((await jar.submit(form, { email: 'cy@acme.example', password: 'x' })).status, 401)
      const { body } = await app.app.call('GET', '/v1/refused-attempts')
      const [{ codes, routes }] = body.data
      assert.deepEqual([codes, routes], [{ sign_in_refused: 11 }, ['POST /sign-in']])
    } finally {
      await app.app.close()
    }
  })

  it('CON-25: a form in a second tab redirects on once the first tab has signed in, and no password is checked', async () => {
    const jar = openJar(origin)
    const [one, other] = [await openForm(jar), await openForm(jar)]
    assert.equal((await jar.submit(one, { email: 'ann@acme.example', password: PASSWORD })).status, 303)
    const sent = await jar.submit(other, { email: 'ann@acme.example', password: 'something wrong entirely' })
    assert.deepEqual([sent.status, sent.location], [303, '/sign-in'])
    assert.equal((await jar.get(other.path)).location, '/sign-in', 'reloaded instead')
    const elsewhere = await jar.post(
      '/sign-in',
      { ...hiddenFields(other.text) },
      { origin: 'https://evil.example' },
    )
    assert.equal(elsewhere.status, 403)
    const strange = openJar(origin)
    assert.equal((await strange.submit(other, { email: 'ann@acme.example', password: PASSWORD })).status, 403)
  })

  it('STO-12: limits one network to six hundred sign-ins a minute, and the table to as many rows', async () => {
    const { app: own, origin } = await openListening()
    try {
      const statuses = new Map<number, number>()
      for (let n = 0; n < 620; n++) {
        const { statusCode } = await own.app.inject({ url: '/sign-in', headers: { host: 'doorward.test' } })
        statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
      }
      assert.deepEqual(
        [...statuses],
        [
          [303, 600],
          [429, 20],
        ],
      )
      const { n } = await own.db
        .selectFrom('login_challenges')
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
      assert.equal(Number(n), 600)
      own.clock.advance({ seconds: 61 })
      assert.equal((await openJar(origin).get('/sign-in')).status, 303)
    } finally {
      await own.close()
    }
  })

  it('CON-16: cannot finish in one browser a sign-in that was started in another', async () => {
    const [victim, attacker] = [openJar(origin), openJar(origin)]
    const form = await openForm(attacker)
    const { login_challenge = '' } = hiddenFields(form.text)
    const shown = await victim.get(`/sign-in?login_challenge=${login_challenge}`)
    assert.equal(shown.status, 400)
    assert.match(shown.text, /started in another browser/)
    // The attacker's whole form, tokens included, sent by the victim's browser; then with the victim's own token.
    assert.equal((await victim.submit(form, good)).status, 403)
    const own = hiddenFields((await openForm(victim)).text)
    assert.equal((await victim.post('/sign-in', { ...own, ...good, login_challenge })).status, 403)
    assert.equal(victim.cookies.get(SESSION), undefined)
    assert.equal(await isSignedIn(attacker), false)
  })

  it("WEB-05: refuses a form without its CSRF token, with another form's token, or from another site", async () => {
    const jar = openJar(origin)
    const form = await openForm(jar)
    const fields = hiddenFields(form.text)
    const { csrf_token: _, ...without } = fields
    const other = hiddenFields((await openForm(jar)).text)
    for (const sent of [
      without,
      { ...fields, csrf_token: '' },
      { ...fields, csrf_token: other.csrf_token ?? '' },
    ])
      assert.equal((await jar.post('/sign-in', { ...sent, ...good })).status, 403)
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'http://doorward.test.evil.example' },
    ])
      assert.equal((await jar.post('/sign-in', { ...fields, ...good }, headers)).status, 403)
    const json = await fetch(`${origin}/sign-in`, {
      method: 'POST',
      body: JSON.stringify({ ...fields, ...good }),
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(json.status, 415)
    assert.match(json.headers.get('content-type') ?? '', /^text\/html/)
    for (const headers of [
      { origin: 'http://doorward.test' },
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
    ]) {
      const form = await openForm(openJar(origin))
      assert.equal(form.status, 200)
      const mine = openJar(origin)
      const sent = { ...hiddenFields((await openForm(mine)).text), ...good }
      assert.equal((await mine.post('/sign-in', sent, headers)).status, 303)
    }
  })

  it('a form that is sent twice, or again after going back, signs in once and redirects on', async () => {
    const jar = openJar(origin)
    const form = await openForm(jar)
    const before = { ...hiddenFields(form.text), ...good }
    const cookie = { cookie: `doorward-browser=${jar.cookies.get('doorward-browser')}` }
    const all = await Promise.all(
      Array.from({ length: 6 }, () =>
        fetch(`${origin}/sign-in`, {
          method: 'POST',
          body: new URLSearchParams(before),
          headers: cookie,
          redirect: 'manual',
        }),
      ),
    )
    const sessions = all
      .flatMap((answer) => answer.headers.getSetCookie())
      .filter((line) => line.startsWith(SESSION))
    for (const { status, headers } of all)
      assert.deepEqual([status, new URL(headers.get('location') ?? '', origin).pathname], [303, '/sign-in'])
    // The browser shows the answer to the last click, and may drop the cookies of the others.
    assert.deepEqual([sessions.length, new Set(sessions).size], [6, 1])
    jar.cookies.set(SESSION, /=([^;]+)/.exec(sessions[0] ?? '')?.[1] ?? '')
    const again = await jar.get(form.path)
    assert.deepEqual([again.status, again.location], [303, '/sign-in'])
    app.clock.advance({ seconds: 31 })
    jar.cookies.delete(SESSION)
    assert.equal((await jar.get(form.path)).status, 400, 'later, and not signed in')
  })

  it('a challenge expires after a quarter of an hour, whether its form is shown or sent', async () => {
    const jar = openJar(origin)
    const form = await openForm(jar)
    app.clock.advance({ seconds: CHALLENGE_SECONDS - 1 })
    assert.equal((await jar.get(form.path)).status, 200)
    app.clock.advance({ seconds: 1 })
    assert.equal((await jar.get(form.path)).status, 400)
    const late = await jar.submit(form, good)
    assert.equal(late.status, 400)
    assert.match(late.text, /This sign-in is over/)
    assert.equal(await isSignedIn(jar), false)
  })

  it('CON-11: a session expires after a day without use, and after a week in any case', async () => {
    const jar = await signedInJar(origin, good.email)
    const seenAt = async () =>
      (
        await app.db
          .selectFrom('sessions')
          .select('seen_at')
          .orderBy('seen_at', 'desc')
          .executeTakeFirstOrThrow()
      ).seen_at
    const first = await seenAt()
    app.clock.advance({ seconds: SEEN_EVERY_SECONDS })
    assert.equal(await isSignedIn(jar), true)
    assert.deepEqual(await seenAt(), first, 'that somebody came is not written down each time')
    app.clock.advance({ seconds: IDLE_SECONDS - SEEN_EVERY_SECONDS - 1 })
    assert.equal(await isSignedIn(jar), true)
    for (let n = 1; n < ABSOLUTE_SECONDS / IDLE_SECONDS; n++) {
      assert.equal(await isSignedIn(jar), true, `day ${n}`)
      app.clock.advance({ seconds: IDLE_SECONDS - 1 })
    }
    app.clock.advance({ seconds: 10 })
    assert.equal(await isSignedIn(jar), false)

    const idle = await signedInJar(origin, good.email)
    app.clock.advance({ seconds: IDLE_SECONDS })
    assert.equal(await isSignedIn(idle), false)
  })

  it('WEB-09: redirects only to the stored target, whatever the form sends (open redirect)', async () => {
    const jar = openJar(origin)
    const elsewhere = {
      return_to: 'https://evil.example',
      returnTo: '//evil.example',
      next: '//evil.example',
    }
    const form = await jar.follow(await jar.get(`/sign-in?${new URLSearchParams(elsewhere)}`))
    const shown = await jar.get(`${form.path}&${new URLSearchParams(elsewhere)}`)
    assert.ok(!shown.text.includes('evil'))
    const done = await jar.submit(shown, { ...good, ...elsewhere })
    assert.deepEqual([done.status, done.location], [303, '/sign-in'])
  })

  it('CON-09: sign-out ends the session itself, not only the cookie', async () => {
    const jar = await signedInJar(origin, good.email)
    const copy = openJar(origin)
    copy.cookies.set(SESSION, jar.cookies.get(SESSION) ?? '')
    assert.equal((await jar.post('/sign-out', {})).status, 403)
    assert.equal(await isSignedIn(copy), true)
    const out = await jar.submit(await jar.get('/sign-in'), {})
    assert.deepEqual([out.status, out.location, jar.cookies.has(SESSION)], [303, '/signed-out', false])
    assert.match((await jar.follow(out)).text, /You are signed out/)
    assert.equal(await isSignedIn(copy), false)
    const { body } = await app.call('GET', '/v1/audit-events?action=session.ended')
    assert.equal(body.data[0].actor.kind, 'user')
  })

  for (const path of ['/sign-in', '/sign-in?login_challenge=x', '/set-password?link=x', '/signed-out'])
    it(`WEB-01 WEB-03 WEB-04 AUZ-16: ${path} runs no script, cannot be framed, and is not cached`, async () => {
      const jar = openJar(origin)
      const { headers } =
        path === '/sign-in' ? await openForm(jar) : await jar.get(path, { origin: 'https://evil.example' })
      assert.equal(
        headers.get('content-security-policy'),
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      )
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.equal(headers.get('x-frame-options'), 'DENY')
      assert.equal(headers.get('access-control-allow-origin'), null)
    })

  it('WEB-06: a HEAD changes nothing, and a POST is answered with 303', async () => {
    const challenges = () => app.db.selectFrom('login_challenges').select('hash').execute()
    const before = await challenges()
    const { status, headers } = await fetch(`${origin}/sign-in`, { method: 'HEAD' })
    assert.deepEqual([status, headers.get('set-cookie')], [200, null])
    assert.deepEqual(await challenges(), before)
  })

  it('WEB-10: sign-out clears our data in the browser, and nothing that is not ours', async () => {
    const jar = await signedInJar(origin, good.email)
    const out = await jar.submit(await jar.get('/sign-in'), {})
    assert.deepEqual([out.status, out.headers.get('clear-site-data')], [303, '"storage"'])
    assert.deepEqual([...jar.cookies], [])

    // Below a path the origin is shared with another site. This stands in for the proxy that strips the path.
    const below = await openListening({ publicUrl: 'http://doorward.test/below' })
    try {
      await makeUser(below.app, good.email)
      const other = openJar(below.origin)
      const show = async (path: string) => {
        const page = await other.get(path.replace('/below', ''))
        return { ...page, text: page.text.replaceAll('"/below/', '"/') }
      }
      const form = await show((await show('/sign-in')).location ?? '')
      assert.equal((await other.submit(form, good)).status, 303)
      const left = await other.submit(await show('/sign-in'), {})
      assert.deepEqual([left.status, left.headers.get('clear-site-data')], [303, null])
    } finally {
      await below.app.close()
    }
  })

  it('AUD-03: logs neither passwords nor tokens', async () => {
    const jar = await signedInJar(origin, good.email)
    for (const token of [PASSWORD, ...jar.cookies.values()]) assert.ok(!app.log().includes(token))
    assert.match(app.log(), /"path":"\/sign-in"/)
  })
})
