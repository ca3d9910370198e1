import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { after, before, describe, it, mock } from 'node:test'
import type { TestApp } from '../../../test/app.ts'
import { type CookieJar, openJar, withForm } from '../../../test/cookie-jar.ts'
import {
  type HostileProvider,
  openHostileProvider,
  silent,
  type Twist,
} from '../../../test/hostile-provider.ts'
import { openListening } from '../../../test/sign-in.ts'
import { type SignedInStaff, staffAs } from '../../../test/staff.ts'

const SECRET = 'a client secret of forty characters or so'
const DISCOVERY = '/.well-known/openid-configuration'
let nowMs = () => Date.now()
const opened = await openHostileProvider(() => nowMs())
if (opened === null) it('hostile providers', { skip: 'NO OPENSSL to make a certificate with' })

const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
const json = { 'content-type': 'application/json' }
const redirect = (response: ServerResponse) =>
  response.writeHead(302, { location: 'https://169.254.169.254/latest/meta-data' }).end()
const huge = (response: ServerResponse) => response.writeHead(200, json).end(`"${'x'.repeat(300_000)}"`)
const page = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello</h1>')
const unsigned = async (claims: object) => `${part({ alg: 'none' })}.${part(claims)}.`
const byClientSecret = async (claims: object) => {
  const text = `${part({ alg: 'HS256', kid: 'k' })}.${part(claims)}`
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`
}

describe('a hostile identity provider', { skip: opened === null }, () => {
  const provider = opened as HostileProvider
  const { issuer } = provider
  let app: TestApp
  let origin: string
  let ann: SignedInStaff
  before(async () => {
    const listening = await openListening({}, 0, { providerFetch: provider.fetch })
    app = listening.app
    origin = listening.origin
    nowMs = () => app.clock.nowMs()
    mock.timers.enable({ apis: ['Date'], now: app.clock.nowMs() })
    ann = await staffAs(app, 'administrator')
    const identity = { issuer, subject: 'ann', staff_id: ann.id, linked_at: app.clock.now() }
    assert.equal((await set()).status, 200)
    await app.db.insertInto('staff_identities').values(identity).execute()
  })
  after(async () => {
    mock.timers.reset()
    await app.close()
    provider.close()
  })

  const set = (more: object = {}) =>
    app.call(
      'PUT',
      '/v1/single-sign-on',
      { issuer, client_id: 'doorward', client_secret: SECRET, ...more },
      ann.as,
    )
  interface Begun {
    readonly jar: CookieJar
    readonly asked: URLSearchParams
  }
  /** Begins a sign-in, or a confirmation of a member's session. */
  const begin = async (member?: SignedInStaff): Promise<Begun> => {
    const jar = openJar(origin)
    if (member !== undefined) jar.cookies.set('doorward-staff', member.token)
    const path = member === undefined ? '/staff/sso' : '/staff/sso/confirm'
    const shown = await jar.get(member === undefined ? '/staff/sign-in' : path)
    const begun = await jar.submit(withForm(shown, path), {})
    assert.equal(begun.status, 303, begun.text)
    const asked = new URL(begun.location ?? '').searchParams
    provider.nonce = asked.get('nonce') ?? ''
    jar.cookies.delete('doorward-staff')
    return { jar, asked }
  }
  const answerOf = ({ asked }: Begun, more: Readonly<Record<string, string | undefined>> = {}) => {
    const given = { code: 'a code', state: asked.get('state') ?? '', iss: issuer, ...more }
    const there = Object.entries(given).filter((each): each is [string, string] => each[1] !== undefined)
    return `/staff/sso/callback?${new URLSearchParams(there)}`
  }
  /** The outcome of a sign-in with a twist: a refusal's code, or "signed in". */
  const outcome = async (twist: Twist, more = {}, member?: SignedInStaff) => {
    const begun = await begin(member)
    provider.twist = twist
    const done = await begun.jar.get(answerOf(begun, more))
    provider.twist = {}
    if (begun.jar.cookies.has('doorward-staff')) return 'signed in'
    return /<code>(\w+)<\/code>/.exec(done.text)?.[1] ?? done.text
  }

  it('CON-22: accepts an honest answer, and sends the code verifier of its own challenge (PKCE)', async () => {
    const begun = await begin()
    const done = await begun.jar.get(answerOf(begun))
    assert.deepEqual([done.status, done.location], [303, '/dashboard'], done.text)
    const sent = provider.asked.findLast((each) => each.startsWith('POST /token'))?.split(' ')[2] ?? ''
    const fields = new URLSearchParams(sent)
    const challenge = createHash('sha256')
      .update(fields.get('code_verifier') ?? '')
      .digest('base64url')
    assert.equal(begun.asked.get('code_challenge'), challenge)
    assert.equal(fields.get('redirect_uri'), 'http://doorward.test/staff/sso/callback')
    assert.ok(!sent.includes('secret'), 'the secret goes in the header')
  })

  it('CON-22: refuses each answer that fails a check', async () => {
    const past = Math.floor(app.clock.nowMs() / 1000) - 3600
    const { signFalsely } = provider
    const rows: [name: string, twist: Twist, code?: string, more?: object][] = [
      ['a signature of another key', { idToken: signFalsely }],
      ['alg none', { idToken: unsigned }],
      ['HMAC by the client secret', { idToken: byClientSecret }],
      ['no ID token', { idToken: async () => undefined }],
      ['a text', { idToken: async () => 'a.b.c' }],
      ['another audience', { claims: { aud: 'other' } }],
      ['two audiences, and issued to another', { claims: { aud: ['doorward', 'other'], azp: 'other' } }],
      ['another nonce', { claims: { nonce: 'other' } }],
      ['no nonce', { claims: { nonce: undefined } }],
      ['another issuer', { claims: { iss: 'https://evil.example' } }],
      ['expired', { claims: { exp: past } }],
      ['no expiry', { claims: { exp: undefined } }],
      ['no subject', { claims: { sub: undefined } }],
      ['a subject of 256 characters', { claims: { sub: 'x'.repeat(256) } }],
      ['a subject with a control character', { claims: { sub: 'a\u0000' } }],
      ['auth_time as text', { claims: { auth_time: 'now' } }],
      ['a sign-in of last week', { claims: { auth_time: past - 7 * 86_400 } }, 'not_fresh'],
      ['a stranger', { claims: { sub: 'eve' }, userInfo: { sub: 'eve' } }, 'not_linked'],
      ['profile of another person', { claims: { sub: 'eve' }, userInfo: { sub: 'ann' } }],
      ['a huge profile', { claims: { sub: 'eve' }, answer: { '/userinfo': huge } }, 'unreachable'],
      ['a redirect of the token endpoint', { answer: { '/token': redirect } }],
      ['a huge answer', { answer: { '/token': huge } }, 'unreachable'],
      ['no answer', { answer: { '/token': silent } }, 'unreachable'],
      ['a page', { answer: { '/token': page } }],
      [
        'a code that was used',
        { answer: { '/token': (r) => r.writeHead(400, json).end('{"error":"invalid_grant"}') } },
      ],
      ['another iss (mix-up)', {}, 'answer', { iss: 'https://evil.example' }],
      ['no iss, though announced', {}, 'answer', { iss: undefined }],
      ['no code', {}, 'answer', { code: undefined }],
      ['no state', {}, 'flow_over', { state: undefined }],
      ['an error', {}, 'denied', { error: 'login_required', code: undefined }],
    ]
    const found: string[] = []
    for (const [name, twist, , more] of rows) found.push(`${name}: ${await outcome(twist, more)}`)
    assert.deepEqual(
      found,
      rows.map(([name, , code = 'answer']) => `${name}: ${code}`),
    )
    assert.ok(!app.log().includes(SECRET) && !app.log().includes('a code'))
  })

  it('CON-13: asks for the second factor of a member who has one before it starts the session', async () => {
    const app_ = { staff_id: ann.id, id: 'fac_1', name: 'a', sealed_secret: Buffer.from('a'), last_step: 0 }
    const now = app.clock.now()
    await app.db
      .insertInto('staff_totp')
      .values({ ...app_, created_at: now, used_at: now })
      .execute()
    const begun = await begin()
    const done = await begun.jar.get(answerOf(begun))
    // A strict cookie does not come with the provider's redirect: the next page is one click away.
    assert.match(done.text, /<a href="\/staff\/second-factor">/)
    assert.equal(begun.jar.cookies.get('doorward-staff'), undefined)
    assert.match((await begun.jar.get('/staff/second-factor')).text, /name="code"/)
    await app.db.deleteFrom('staff_totp').execute()
  })

  it('CON-13: takes no confirmation that is old, of unknown age, or of another person', async () => {
    const old = Math.floor(app.clock.nowMs() / 1000) - 300
    const rows: [code: string, twist: Twist][] = [
      ['not_fresh', { claims: { auth_time: old } }],
      ['time_not_stated', { claims: { auth_time: undefined } }],
      ['other_person', { claims: { sub: 'eve' } }],
      ['answer', { idToken: provider.signFalsely }],
      ['signed in', { claims: { auth_time: old + 10_000 } }],
    ]
    for (const [code, twist] of rows) {
      const member = await staffAs(app, 'viewer')
      await app.db.deleteFrom('staff_identities').execute()
      const identity = { issuer, subject: 'ann', staff_id: member.id, linked_at: app.clock.now() }
      await app.db.insertInto('staff_identities').values(identity).execute()
      assert.equal(await outcome(twist, {}, member), code)
      const { sso_at, ended_at } = await app.db
        .selectFrom('staff_sessions')
        .selectAll()
        .where('id', '=', member.sessionId)
        .executeTakeFirstOrThrow()
      const proven = code === 'signed in' ? app.clock.now() : null
      assert.deepEqual([sso_at, ended_at], [proven ?? sso_at, null])
      if (proven !== null) assert.deepEqual(sso_at, proven)
    }
  })

  it('REG-15: refuses metadata that is false, huge, slow or elsewhere, and keeps what there was', async () => {
    const before = (await app.call('GET', '/v1/single-sign-on')).body
    const rows: [name: string, twist: Twist, more?: object][] = [
      ['another issuer', { metadata: { issuer: 'https://evil.example' } }],
      ['a slash more', { metadata: { issuer: `${issuer}/` } }],
      ['an authorization endpoint without TLS', { metadata: { authorization_endpoint: 'http://a.example' } }],
      ['a script as authorization endpoint', { metadata: { authorization_endpoint: 'javascript:alert(1)' } }],
      ['no key set', { metadata: { jwks_uri: undefined } }],
      ['plain PKCE only', { metadata: { code_challenge_methods_supported: ['plain'] } }],
      ['a redirect', { answer: { [DISCOVERY]: redirect } }],
      ['a huge document', { answer: { [DISCOVERY]: huge } }],
      ['silence', { answer: { [DISCOVERY]: silent } }],
      ['a page', { answer: { [DISCOVERY]: page } }],
      ['an internal address', {}, { issuer: 'https://169.254.169.254' }],
      ['a name of this machine', {}, { issuer: 'https://[::1]' }],
    ]
    for (const [name, twist, more] of rows) {
      provider.twist = twist
      const { status, body } = await set(more)
      assert.deepEqual([name, status, body.code], [name, 400, 'identity_provider_unusable'])
    }
    provider.twist = {}
    for (const bad of [
      'http://a.example',
      'https://a.example?x',
      'https://u:p@a.example',
      'ftp://a',
      'https://',
    ])
      assert.equal((await set({ issuer: bad })).body.code, 'invalid_request', bad)
    assert.deepEqual((await app.call('GET', '/v1/single-sign-on')).body, before)
  })

  it('REG-11: does not follow an honest-looking provider to internal addresses', async () => {
    provider.twist = { metadata: { token_endpoint: 'https://169.254.169.254/token' } }
    assert.equal((await set()).status, 200)
    const begun = await begin()
    const done = await begun.jar.get(answerOf(begun))
    assert.match(done.text, /<code>unreachable<\/code>/)
    assert.match(app.log(), /"why":"address_not_public"/)
    provider.twist = {}
  })

  it('CON-05: bounds the sign-ins that one network can begin', async () => {
    const jar = openJar(origin)
    const shown = await jar.get('/staff/sign-in')
    let last = 303
    for (let n = 0; n < 130 && last === 303; n++)
      last = (await jar.submit(withForm(shown, '/staff/sso'), {})).status
    assert.equal(last, 429)
  })
})
