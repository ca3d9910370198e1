import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type CookieJar, type Fields, type JarAnswer, openJar } from '../../../test/cookie-jar.ts'
import {
  arrive,
  authorizePath,
  type OAuthApp,
  openOAuthApp,
  pkce,
  REDIRECT_URI,
  redeem,
  ticked,
} from '../../../test/oauth.ts'
import { makeUser, PASSWORD } from '../../../test/sign-in.ts'

describe('a question that is answered twice', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({ owners: ['org_1', 'org_2'] })
    await makeUser(oauth.app, 'one@example.com', ['org_1'])
    await makeUser(oauth.app, 'none@example.com')
  })
  after(() => oauth.close())

  const newJar = () => openJar(oauth.origin)
  /** Asks as an app of two scopes does. */
  const asking = async (more: Record<string, unknown> = {}) => {
    const client = await oauth.app.clientFor(null, { scopes: ['orders:read', 'orders:write'], ...more })
    const { verifier, challenge } = pkce()
    const asked = { client_id: client.client_id, code_challenge: challenge, state: 'st' }
    return { client, verifier, path: authorizePath(asked) }
  }
  const says = (jar: CookieJar, page: JarAnswer, decision: string, fields: Fields = ticked(page)) =>
    jar.submit(page, [...(fields as [string, string][]), ['decision', decision]])
  const queryOf = ({ location }: JarAnswer) => new URL(location ?? '').searchParams
  const codesOf = async (clientId: string) =>
    await oauth.app.db
      .selectFrom('authorization_codes')
      .select('spent_at')
      .where('client_id', '=', clientId)
      .execute()

  it('CON-16 CON-20: a repeated consent, at once or some seconds later, leads to the app each time with a working code', async () => {
    for (const seconds of [null, 0, 1, 29]) {
      const { client, verifier, path } = await asking()
      const jar = newJar()
      const page = await arrive(jar, path)
      const answers: JarAnswer[] = []
      if (seconds === null)
        answers.push(...(await Promise.all([1, 2, 3].map(() => says(jar, page, 'allow')))))
      else {
        answers.push(await says(jar, page, 'allow'))
        oauth.app.clock.advance({ seconds })
        answers.push(await says(jar, page, 'allow'))
      }
      for (const answer of answers) {
        assert.ok(answer.location?.startsWith(`${REDIRECT_URI}?code=`), answer.text)
        assert.equal(queryOf(answer).get('state'), 'st')
      }
      // Which of them the browser shows is not the server's to know.
      for (const answer of answers.reverse()) {
        const code = new URL(answer.location ?? '')
        assert.ok((await redeem(oauth.origin, client, code, verifier)).access_token)
        const again = await redeem(oauth.origin, client, code, verifier)
        assert.equal(again.error, 'invalid_grant', 'each code once')
      }
      const { body } = await oauth.app.call('GET', `/v1/grants?client_id=${client.client_id}`)
      assert.equal(body.data.length, 1)
    }
  })

  it('CON-20: a repeated consent after the first code was redeemed yields another code and revokes nothing', async () => {
    const { client, verifier, path } = await asking()
    const jar = newJar()
    const page = await arrive(jar, path)
    const first = await says(jar, page, 'allow')
    const tokens = await redeem(oauth.origin, client, new URL(first.location ?? ''), verifier)
    const second = await says(jar, page, 'allow')
    const more = await redeem(oauth.origin, client, new URL(second.location ?? ''), verifier)
    for (const { access_token: credential } of [tokens, more]) {
      const { body } = await oauth.app.call('POST', '/v1/verify', { credential, scopes: ['orders:read'] })
      assert.equal(body.valid, true)
    }
  })

  it('CON-16 CON-20: nothing but the same answer of the same browser and session within half a minute', async () => {
    const { path } = await asking()
    const jar = newJar()
    const page = await arrive(jar, path)
    const [chosen] = ticked(page)
    assert.ok(chosen)
    await says(jar, page, 'allow')
    const others: [what: string, answer: JarAnswer][] = [
      ['a no', await says(jar, page, 'deny')],
      ['other boxes', await says(jar, page, 'allow', [chosen, ['scope', 'orders:read']])],
      [
        'another workspace',
        await says(jar, page, 'allow', [['owner_id', 'org_2'], ...ticked(page).slice(1)]),
      ],
      ['neither yes nor no', await says(jar, page, 'maybe')],
      ['a look at the question', await jar.get(page.path)],
    ]
    for (const [what, { status, text }] of others) {
      assert.equal(status, 400, what)
      assert.match(text, /You have allowed/, what)
      assert.match(text, /Back to the app/, what)
    }
    oauth.app.clock.advance({ seconds: 31 })
    assert.equal((await says(jar, page, 'allow')).status, 400, 'later')
  })

  it('CON-16: a repeated consent yields nothing where it could not be given any more', async () => {
    const takenAway: [what: string, take: (clientId: string) => Promise<unknown>][] = [
      [
        'the grant',
        async (clientId) => {
          const { body } = await oauth.app.call('GET', `/v1/grants?client_id=${clientId}`)
          await oauth.app.call('POST', `/v1/grants/${body.data[0].id}/revoke`, { reason: 'test' })
        },
      ],
      ['the app', (id) => oauth.app.call('POST', `/v1/clients/${id}/suspend`, { reason: 'test' })],
      [
        'the address',
        (id) => oauth.app.call('PATCH', `/v1/clients/${id}`, { redirect_uris: ['https://b.example/'] }),
      ],
      ['the block', (id) => oauth.app.call('PUT', `/v1/owners/org_1/blocked-clients/${id}`)],
    ]
    for (const [what, take] of takenAway) {
      const { client, path } = await asking()
      const jar = newJar()
      const page = await arrive(jar, path)
      await says(jar, page, 'allow')
      await take(client.client_id)
      const again = await says(jar, page, 'allow')
      assert.deepEqual([again.location, again.status >= 400], [null, true], what)
    }
  })

  it('CON-20: Deny and Back lead to the app as often as they are pressed', async () => {
    const { client, path } = await asking()
    const jar = newJar()
    const page = await arrive(jar, path)
    const denials = await Promise.all([1, 2].map(() => says(jar, page, 'deny')))
    for (const answer of [...denials, await says(jar, page, 'deny')])
      assert.deepEqual([queryOf(answer).get('error'), queryOf(answer).get('state')], ['access_denied', 'st'])
    assert.match((await says(jar, page, 'allow')).text, /You have not allowed/)
    const nobody = newJar()
    const end = await arrive(nobody, path, 'none@example.com')
    const backs = await Promise.all([1, 2].map(() => nobody.submit(end, { decision: 'back' })))
    for (const answer of backs) assert.equal(queryOf(answer).get('error'), 'access_denied')
    assert.deepEqual(await codesOf(client.client_id), [])
  })

  it('CON-20: the way back from the sign-in, gone twice, leads to the app that was allowed before', async () => {
    const { client, verifier, path } = await asking()
    const first = newJar()
    await says(first, await arrive(first, path, 'one@example.com'), 'allow')
    const jar = newJar()
    const form = await jar.follow(await jar.get(path))
    const signedIn = await jar.submit(form, { email: 'one@example.com', password: PASSWORD })
    const ends = await Promise.all([1, 2].map(() => jar.follow(signedIn)))
    for (const end of ends) assert.match(end.location ?? '', /[?&]code=/, end.text)
    const last = await jar.follow(signedIn)
    assert.ok((await redeem(oauth.origin, client, new URL(last.location ?? ''), verifier)).access_token)
  })

  it('CON-15: a question that comes back with a complaint keeps what was chosen', async () => {
    const { path } = await asking()
    const jar = newJar()
    const page = await arrive(jar, path)
    const none = await says(jar, page, 'allow', [['owner_id', 'org_2']])
    assert.equal(none.status, 422)
    assert.deepEqual(ticked(none), [['owner_id', 'org_2']])
    const one = await says(jar, page, 'allow', [
      ['owner_id', 'org_nobody'],
      ['scope', 'orders:write'],
    ])
    assert.deepEqual(ticked(one), [
      ['owner_id', 'org_1'],
      ['scope', 'orders:write'],
    ])
    assert.equal((await says(jar, one, 'allow')).status, 303)
  })

  it('CON-20: a form without a decision decides nothing', async () => {
    const { path } = await asking()
    const jar = newJar()
    const page = await arrive(jar, path)
    for (const decision of ['', 'maybe']) assert.equal((await says(jar, page, decision)).status, 422)
    assert.equal((await says(jar, page, 'allow')).status, 303)
  })

  it('CON-20 CON-15: no page is an end: each says the reason, and has a way on', async () => {
    const { client, path } = await asking()
    const draft = await asking({ draft: true })
    const blocked = await asking()
    for (const owner of ['org_1', 'org_2'])
      await oauth.app.call('PUT', `/v1/owners/${owner}/blocked-clients/${blocked.client.client_id}`)
    const asIfElse = /value="somebody_else"/
    const rows: [what: string, page: JarAnswer, says: RegExp, wayOn: RegExp][] = [
      ['no workspace', await arrive(newJar(), path, 'none@example.com'), /nothing to connect/, asIfElse],
      ['no tester', await arrive(newJar(), draft.path), /not open to you/, asIfElse],
      ['blocked', await arrive(newJar(), blocked.path), /blocked by an administrator/, asIfElse],
      [
        'nobody',
        await newJar().get(authorizePath({ client_id: 'cli_gone' })),
        /remove the connection/,
        /\/sign-in"/,
      ],
      ['no request', await newJar().get('/oauth/consent?request=x'), /another browser/, /\/connected-apps"/],
    ]
    const late = newJar()
    const question = await arrive(late, path)
    oauth.app.clock.advance({ seconds: 1860 })
    rows.push(['too late', await late.get(question.path), /longer than half an hour/, /error=access_denied/])
    const other = newJar()
    const stale = await arrive(other, path)
    await other.submit(await other.get('/sign-in'), {})
    rows.push([
      'another session',
      await says(other, stale, 'allow'),
      /out of date/,
      /\/oauth\/consent\?request=ar_/,
    ])
    const open = newJar()
    const asked = await arrive(open, path)
    await oauth.app.call('POST', `/v1/clients/${client.client_id}/suspend`, { reason: 'test' })
    for (const page of [
      await says(open, asked, 'allow'),
      await open.get(asked.path),
      await newJar().get(path),
    ])
      rows.push(['stopped', page, /cannot connect at the moment/, /<a href/])
    await oauth.app.call('POST', `/v1/clients/${client.client_id}/resume`)
    await oauth.app.call('PATCH', `/v1/clients/${client.client_id}`, {
      redirect_uris: ['https://b.example/'],
    })
    rows.push([
      'no such address',
      await says(open, asked, 'allow'),
      /no longer registered for it/,
      /connected-apps"/,
    ])
    for (const [what, { status, location, text }, words, wayOn] of rows) {
      assert.ok(status >= 400 && location === null, what)
      assert.match(text.replace(/<details[\s\S]*/, ''), words, what)
      assert.match(text.replace(/<details[\s\S]*/, ''), wayOn, what)
    }
  })
})
