import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestApp } from '../../test/app.ts'
import type { CookieJar } from '../../test/cookie-jar.ts'
import { isSignedIn, makeUser, openListening, signedInJar } from '../../test/sign-in.ts'
import { ABSOLUTE_SECONDS, IDLE_SECONDS } from './session.ts'

describe('the sessions of a user', () => {
  let app: TestApp
  let origin: string
  before(async () => {
    ;({ app, origin } = await openListening())
  })
  after(() => app.close())

  const sessionsOf = async (id: string, query = '') =>
    (await app.call('GET', `/v1/users/${id}/sessions${query}`)).body
  const idsOf = async (id: string) =>
    (await sessionsOf(id)).data.map((session: { id: string }) => session.id) as string[]
  const end = (path: string) => app.call('DELETE', `/v1/users/${path}`)

  it('CON-12: are listed with the time and place of sign-in, newest first, and never with their token', async () => {
    const id = await makeUser(app, 'ann@acme.example')
    const jar = await signedInJar(origin, 'ann@acme.example')
    const began = app.clock.now()
    app.clock.advance({ seconds: 600 })
    await isSignedIn(jar)
    await signedInJar(origin, 'ann@acme.example')
    const { data } = await sessionsOf(id)
    assert.deepEqual(data[1], {
      id: data[1].id,
      created_at: began.toISOString(),
      authenticated_at: began.toISOString(),
      last_seen_at: app.clock.now().toISOString(),
      expires_at: new Date(began.getTime() + ABSOLUTE_SECONDS * 1000).toISOString(),
      ip: '127.0.0.1',
      user_agent: 'node',
    })
    assert.equal(data.length, 2)
    const token = jar.cookies.get('doorward-session') ?? ''
    assert.ok(token.length > 40 && !JSON.stringify(data).includes(token.slice(3)))

    const first = await sessionsOf(id, '?limit=1')
    const rest = await sessionsOf(id, `?limit=1&cursor=${first.next_cursor}`)
    assert.deepEqual([first.data[0], rest.data[0], rest.next_cursor], [data[0], data[1], null])
    app.clock.advance({ seconds: IDLE_SECONDS })
    assert.deepEqual(await idsOf(id), [])
  })

  it('CON-12: end one by one, or all at once, and those of others are not found', async () => {
    const [id, other] = [await makeUser(app, 'bo@acme.example'), await makeUser(app, 'cy@acme.example')]
    const jars: CookieJar[] = []
    for (let n = 0; n < 3; n++) {
      jars.push(await signedInJar(origin, 'bo@acme.example'))
      app.clock.advance({ seconds: 1 })
    }
    const stranger = await signedInJar(origin, 'cy@acme.example')
    const signedIn = () => Promise.all([...jars, stranger].map(isSignedIn))
    const [newest = ''] = await idsOf(id)
    const [foreign] = await idsOf(other)

    for (const path of [`${id}/sessions/${foreign}`, `${id}/sessions/ses_none`, 'usr_none/sessions'])
      assert.equal((await end(path)).status, 404, path)
    assert.deepEqual(await signedIn(), [true, true, true, true])
    for (let n = 0; n < 2; n++) assert.equal((await end(`${id}/sessions/${newest}`)).status, 204)
    assert.deepEqual(await signedIn(), [true, true, false, true])
    assert.deepEqual((await end(`${id}/sessions`)).body, { ended: 2 })
    assert.deepEqual((await end(`${id}/sessions`)).body, { ended: 0 })
    assert.deepEqual(await signedIn(), [false, false, false, true])

    const told = async (target: string) => {
      const { body } = await app.call('GET', `/v1/audit-events?target_id=${target}&limit=1`)
      return [body.data[0].action, body.data[0].actor.kind, body.data[0].detail]
    }
    assert.deepEqual(await told(newest), ['session.ended', 'admin_key', { user_id: id }])
    assert.deepEqual(await told(id), ['sessions.ended', 'admin_key', { ended: 2 }])
  })

  it('MGT-02: a key that is bound to an owner lists those of its members, and ends none', async () => {
    const id = await makeUser(app, 'di@acme.example', ['org_a'])
    await signedInJar(origin, 'di@acme.example')
    const statusFor = async (owner: string, method: string) => {
      const as = await app.adminKeyWith(['users:read', 'members:write'], owner)
      return (await app.call(method, `/v1/users/${id}/sessions`, undefined, { as })).status
    }
    assert.equal(await statusFor('org_a', 'GET'), 200)
    assert.equal(await statusFor('org_b', 'GET'), 404)
    assert.equal(await statusFor('org_a', 'DELETE'), 403)
    assert.equal((await idsOf(id)).length, 1)
  })
})
