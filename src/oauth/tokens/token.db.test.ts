import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import type { TestClient } from '../../../test/app.ts'
import { ENGINE } from '../../../test/database.ts'
import { eventually } from '../../../test/eventually.ts'
import { connect, type OAuthApp, openOAuthApp, pkce, post, REDIRECT_URI } from '../../../test/oauth.ts'
import { revokeLockedFamily } from './revoke-family.ts'
import { findRefreshToken } from './stored-token.store.ts'
import { lockFamily } from './token-family.store.ts'

describe('the token endpoint', () => {
  let oauth: OAuthApp
  let client: TestClient
  before(async () => {
    oauth = await openOAuthApp()
    client = await oauth.app.clientFor(null, { scopes: ['orders:read', 'orders:write'] })
  })
  after(() => oauth.close())

  const basicOf = (of: TestClient) => ({ basic: [of.client_id, of.client_secret] as const })
  const token = (
    form: Record<string, string> | [string, string][],
    more: Parameters<typeof post>[3] = basicOf(client),
  ) => post(oauth.origin, '/oauth/token', form, more)

  /** A fresh code, and what redeems it. */
  async function freshCode(more: Record<string, string | undefined> = {}, of = client) {
    const { verifier, challenge } = pkce()
    const back = await connect(oauth.jar, { client_id: of.client_id, code_challenge: challenge, ...more })
    const code = back.searchParams.get('code')
    assert.ok(code, back.href)
    return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT_URI }
  }
  const api = async (accessToken: string, scopes: string[] = []) =>
    (await oauth.app.call('POST', '/v1/verify', { credential: accessToken, scopes })).body

  it('TOK-16 TOK-17: a code becomes tokens that verify as any credential does', async () => {
    const redeemed = await token(await freshCode({ scope: 'orders:read' }))
    assert.equal(redeemed.status, 200)
    const { access_token, refresh_token, ...rest } = redeemed.body
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 600, scope: 'orders:read' })
    assert.match(access_token, /^at_live_/)
    assert.match(refresh_token, /^rt_live_/)
    assert.equal(redeemed.headers.get('cache-control'), 'no-store')
    const { valid, principal } = await api(access_token, ['orders:read'])
    assert.equal(valid, true)
    assert.deepEqual(
      [principal.kind, principal.owner_id, principal.user_id, principal.client_id, principal.key_id],
      ['access_token', 'org_1', oauth.userId, client.client_id, null],
    )
    assert.equal((await api(access_token, ['orders:write'])).refusal.reason, 'missing_scope')
  })

  it('TOK-01 TOK-02 TOK-03 TOK-04 TOK-07: a refused attempt says little, and burns nothing', async () => {
    const good = await freshCode()
    const other = await oauth.app.clientFor(null)
    const rows: [what: string, form: Record<string, string>, of: TestClient, error: string][] = [
      ['another verifier', { ...good, code_verifier: pkce().verifier }, client, 'invalid_grant'],
      ['a verifier that is none', { ...good, code_verifier: 'short' }, client, 'invalid_grant'],
      ['another client', good, other, 'invalid_grant'],
      ['another redirect URI', { ...good, redirect_uri: `${REDIRECT_URI}/` }, client, 'invalid_grant'],
      ['a code that nobody made', { ...good, code: good.code.replace(/.$/, '_') }, client, 'invalid_grant'],
      [
        'a resource that is unknown',
        { ...good, resource: 'https://other.example' },
        client,
        'invalid_target',
      ],
      ['no verifier', { grant_type: 'authorization_code', code: good.code }, client, 'invalid_request'],
    ]
    const told = new Set<string>()
    for (const [what, form, of, error] of rows) {
      const answer = await token(form, basicOf(of))
      assert.deepEqual([answer.status, answer.body.error], [400, error], what)
      if (error === 'invalid_grant') told.add(answer.body.error_description)
    }
    assert.equal(told.size, 1, 'strangers hear one sentence')
    const { redirect_uri: _, ...withoutUri } = good
    assert.equal((await token(withoutUri)).status, 200)
  })

  it('AUZ-17: a code is over after a minute', async () => {
    const late = await freshCode()
    oauth.app.clock.advance({ seconds: 60 })
    assert.equal((await token(late)).body.error, 'invalid_grant')
  })

  it('TOK-05: a code that is used twice revokes its tokens, with an audit event', async () => {
    const code = await freshCode()
    const first = await token(code)
    assert.equal((await api(first.body.access_token)).valid, true)
    assert.equal((await token(code)).body.error, 'invalid_grant')
    assert.equal((await api(first.body.access_token)).refusal.reason, 'revoked')
    const again = { grant_type: 'refresh_token', refresh_token: first.body.refresh_token }
    assert.equal((await token(again)).body.error, 'invalid_grant')
    const { body } = await oauth.app.call('GET', '/v1/audit-events?action=tokens.revoked&limit=1')
    assert.equal(body.data[0].detail.reason, 'code_used_twice')
  })

  it('REF-01 REF-05 REF-06: a refresh gives the next token, for less where less is asked for, and never for more', async () => {
    const { body: first } = await token(await freshCode())
    assert.equal(first.scope, 'orders:read orders:write')
    const refresh = (refresh_token: string, more = {}) =>
      token({ grant_type: 'refresh_token', refresh_token, ...more })
    const widened = await refresh(first.refresh_token, { scope: 'orders:read admin:all' })
    assert.deepEqual(
      [widened.body.error, widened.body.error_description],
      ['invalid_scope', 'The scope admin:all was not granted.'],
    )
    assert.equal(
      (await refresh(first.refresh_token, { resource: 'https://x.example' })).body.error,
      'invalid_target',
    )
    const { body: less } = await refresh(first.refresh_token, { scope: 'orders:read' })
    assert.equal(less.scope, 'orders:read')
    assert.equal((await api(less.access_token, ['orders:write'])).refusal.reason, 'missing_scope')
    const { body: whole } = await refresh(less.refresh_token)
    assert.equal(whole.scope, 'orders:read orders:write')
  })

  it('REF-01: within the grace the same answer comes again; once its successor was used, reuse ends the family', async () => {
    const { body: first } = await token(await freshCode())
    const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token })
    const { body: second } = await refresh(first.refresh_token)
    oauth.app.clock.advance({ seconds: 30 })
    const { body: again } = await refresh(first.refresh_token)
    assert.deepEqual(
      [again.access_token, again.refresh_token, again.expires_in],
      [second.access_token, second.refresh_token, second.expires_in - 30],
    )
    const { body: third } = await refresh(second.refresh_token)
    assert.equal((await refresh(first.refresh_token)).body.error, 'invalid_grant')
    assert.equal((await api(third.access_token)).refusal.reason, 'revoked')
    assert.equal((await refresh(third.refresh_token)).body.error, 'invalid_grant')
  })

  it('REF-01: after the grace a spent token ends the family, even where its successor was never used', async () => {
    const { body: first } = await token(await freshCode())
    const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token })
    const { body: second } = await refresh(first.refresh_token)
    oauth.app.clock.advance({ seconds: 60 })
    assert.equal((await refresh(first.refresh_token)).body.error, 'invalid_grant')
    assert.equal((await refresh(second.refresh_token)).body.error, 'invalid_grant')
  })

  it('REF-03: another client cannot use a refresh token, nor end it', async () => {
    const { body: mine } = await token(await freshCode())
    const other = await oauth.app.clientFor(null)
    const form = { grant_type: 'refresh_token', refresh_token: mine.refresh_token }
    assert.equal((await token(form, basicOf(other))).body.error, 'invalid_grant')
    assert.equal((await token(form)).status, 200)
  })

  it('REF-07 REF-08: idle and absolute lifetimes', async () => {
    const { body } = await token(await freshCode())
    const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token })
    let current = body.refresh_token
    for (let n = 0; n < 13; n++) {
      oauth.app.clock.advance({ days: 28 })
      const answer = await refresh(current)
      assert.equal(answer.status, 200, `after ${(n + 1) * 28} days`)
      current = answer.body.refresh_token
    }
    oauth.app.clock.advance({ days: 2 })
    assert.equal((await refresh(current)).body.error, 'invalid_grant', 'the year is over')
    const { body: idle } = await token(await freshCode())
    oauth.app.clock.advance({ days: 30 })
    assert.equal((await refresh(idle.refresh_token)).body.error, 'invalid_grant')
  })

  it('TOK-06: twelve requests with one code at once: one succeeds, none is a 5xx', async () => {
    const code = await freshCode()
    const answers = await Promise.all(Array.from({ length: 12 }, () => token(code)))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [
      200,
      ...Array.from({ length: 11 }, () => 400),
    ])
  })

  it('REF-02: twelve requests with one refresh token at once: one successor, and one access token', async () => {
    const { body } = await token(await freshCode())
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
    const answers = await Promise.all(Array.from({ length: 12 }, () => token(form)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal(new Set(answers.map((answer) => answer.body.refresh_token)).size, 1)
    assert.equal(new Set(answers.map((answer) => answer.body.access_token)).size, 1)
  })

  it('TOK-13 TOK-14 TOK-15: without a user, what an administrator has listed, and nothing without a list', async () => {
    const scopes = ['orders:read']
    const machine = await oauth.app.clientFor('org_9', {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scopes: [],
      client_credentials_scopes: scopes,
    })
    const form = { grant_type: 'client_credentials' }
    const { body } = await token(form, basicOf(machine))
    assert.deepEqual([body.scope, body.refresh_token], ['orders:read', undefined])
    const { principal } = await api(body.access_token, scopes)
    assert.deepEqual(
      [principal.owner_id, principal.user_id, principal.credential_id],
      ['org_9', null, machine.client_id],
    )
    assert.equal(
      (await token({ ...form, scope: 'orders:write' }, basicOf(machine))).body.error,
      'invalid_scope',
    )
    const empty = await oauth.app.clientFor('org_9', {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scopes: [],
    })
    assert.equal((await token(form, basicOf(empty))).body.error, 'invalid_scope')
    assert.equal((await token(form)).body.error, 'unauthorized_client')
    assert.equal(
      (await token({ grant_type: 'password', username: 'a', password: 'b' })).body.error,
      'unsupported_grant_type',
    )
  })

  it('REF-10 CON-19: no refresh once the grant, the client or the access to the owner is gone', async () => {
    const refresh = (body: { refresh_token: string }, of = client) =>
      token({ grant_type: 'refresh_token', refresh_token: body.refresh_token }, basicOf(of))
    const { body: first } = await token(await freshCode())
    const { body: grants } = await oauth.app.call('GET', `/v1/grants?user_id=${oauth.userId}&state=active`)
    assert.equal(grants.data.length, 1, 'one for each user, client and owner, however often')
    await oauth.app.call('POST', `/v1/grants/${grants.data[0].id}/revoke`, { reason: 'test' })
    assert.equal((await refresh(first)).body.error, 'invalid_grant')
    assert.equal((await api(first.access_token)).refusal.reason, 'revoked')

    const { body: second } = await token(await freshCode())
    await oauth.app.call('DELETE', `/v1/owners/org_1/members/${oauth.userId}`)
    assert.equal((await refresh(second)).body.error, 'invalid_grant')
    assert.equal((await api(second.access_token)).refusal.reason, 'revoked')
    await oauth.app.call('PUT', `/v1/owners/org_1/members/${oauth.userId}`)

    const passing = await oauth.app.clientFor(null)
    const { body: third } = await token(await freshCode({}, passing), basicOf(passing))
    await oauth.app.call('POST', `/v1/clients/${passing.client_id}/suspend`, { reason: 'test' })
    assert.equal((await refresh(third, passing)).status, 401)
    assert.equal((await api(third.access_token)).refusal.reason, 'disabled')
    await oauth.app.call('POST', `/v1/clients/${passing.client_id}/resume`)
    assert.equal((await api(third.access_token)).valid, true)
    await oauth.app.call('POST', `/v1/clients/${passing.client_id}/revoke`, { reason: 'test' })
    assert.equal((await api(third.access_token)).refusal.reason, 'revoked')
  })

  it('TOK-08 TOK-09 TOK-10 TOK-11 TOK-21: how a request must come', async () => {
    const basicOnly = await oauth.app.clientFor(null, { token_endpoint_auth_method: 'client_secret_basic' })
    const good = { grant_type: 'client_credentials' }
    const rows: [
      what: string,
      answer: Promise<{ status: number; body: { error: string } }>,
      status: number,
      error: string,
    ][] = [
      [
        'JSON',
        post(oauth.origin, '/oauth/token', JSON.stringify(good), {
          headers: { 'content-type': 'application/json' },
        }),
        415,
        'invalid_request',
      ],
      [
        'multipart',
        post(oauth.origin, '/oauth/token', 'x', {
          headers: { 'content-type': 'multipart/form-data; boundary=x' },
        }),
        415,
        'invalid_request',
      ],
      ['too much', token({ ...good, scope: 'x'.repeat(41_000) }), 413, 'invalid_request'],
      ['no client', post(oauth.origin, '/oauth/token', good), 401, 'invalid_client'],
      ['an unknown client', token(good, { basic: ['cli_nobody', 'x'] }), 401, 'invalid_client'],
      ['a wrong secret', token(good, { basic: [client.client_id, 'x'] }), 401, 'invalid_client'],
      ['two methods', token({ ...good, client_secret: client.client_secret }), 400, 'invalid_request'],
      [
        'another method than registered',
        post(oauth.origin, '/oauth/token', { ...good, ...basicOnly }),
        401,
        'invalid_client',
      ],
      [
        'a repeated parameter',
        token([...Object.entries(good), ['scope', 'a:b'], ['scope', 'a:b']]),
        400,
        'invalid_request',
      ],
      [
        'credentials in the query',
        post(oauth.origin, `/oauth/token?client_id=${client.client_id}`, good),
        400,
        'invalid_request',
      ],
      ['no grant type', token({ grant_type: '' }), 400, 'invalid_request'],
      ['a scope of strange signs', token({ ...good, scope: '"<\u00e9' }), 400, 'unauthorized_client'],
    ]
    for (const [what, answer, status, error] of rows) {
      const { status: got, body } = await answer
      assert.deepEqual([got, body.error], [status, error], what)
      assert.match(JSON.stringify(Object.values(body)), /^[\x20-\x21\x23-\x5b\x5d-\x7e",[\]]*$/, what)
    }
    const get = await fetch(`${oauth.origin}/oauth/token?grant_type=x`)
    assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST, OPTIONS'])
    const wrong = await token(good, { basic: ['cli_nobody', 'x'] })
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic realm=/)
    assert.equal(wrong.headers.get('content-type')?.includes('application/json'), true)
  })

  it('TOK-19: guesses at a secret are held up, the right one too, unless it has proved the client from there before', async () => {
    const [guessed, used] = [await oauth.app.clientFor(null), await oauth.app.clientFor(null)]
    const tryRight = (client: typeof guessed) => token({ grant_type: 'client_credentials' }, basicOf(client))
    assert.equal((await tryRight(used)).body.error, 'unauthorized_client', 'it has proved itself')
    const guessAt = (client: typeof guessed) =>
      token({ grant_type: 'client_credentials' }, { basic: [client.client_id, 'x'] })
    for (let n = 0; n < 31; n++) await guessAt(used)
    assert.equal((await guessAt(used)).status, 429)
    assert.equal((await tryRight(used)).body.error, 'unauthorized_client')
    const guess = () => guessAt(guessed)
    for (let n = 0; n < 30; n++) assert.equal((await guess()).status, 401)
    const held = await guess()
    assert.equal(held.status, 429)
    assert.ok(Number(held.headers.get('retry-after')) > 0)
    assert.match(oauth.app.log(), /"reason":"too_many_failures"/)
    assert.equal((await tryRight(guessed)).status, 429)
    oauth.app.clock.advance({ seconds: 301 })
    assert.equal((await tryRight(guessed)).body.error, 'unauthorized_client')
    assert.equal((await token({ grant_type: 'client_credentials' })).body.error, 'unauthorized_client')
  })

  it('a refusal before authentication is logged with its reason', async () => {
    const once = { token: 'x' }
    const rows: [path: string, form: Record<string, string> | [string, string][], reason: string][] = [
      ['/oauth/token', { grant_type: 'authorization_code', code: 'x' }, 'no_code_verifier'],
      ['/oauth/token', { grant_type: 'password' }, 'unsupported_grant_type'],
      ['/oauth/token', {}, 'no_grant_type'],
    ]
    for (const path of ['/oauth/token', '/oauth/revoke', '/oauth/introspect']) {
      rows.push([path, [...Object.entries(once), ['token', 'y']], 'repeated_parameter'])
      rows.push([`${path}?client_id=x`, once, 'credential_in_query'])
      if (path !== '/oauth/token') rows.push([path, {}, 'no_token'])
    }
    for (const [path, form, reason] of rows) {
      const before = oauth.app.log().length
      assert.equal((await post(oauth.origin, path, form, basicOf(client))).status, 400, path)
      const endpoint = path.replace(/^.oauth.|[?].*$/g, '')
      const told = oauth.app.log().slice(before)
      assert.match(told, new RegExp(`"endpoint":"${endpoint}","reason":"${reason}"`), `${path} ${reason}`)
    }
  })

  it('TOK-07: a spent code that another client has, or without its verifier, ends nothing', async () => {
    const code = await freshCode()
    const { body: first } = await token(code)
    const other = await oauth.app.clientFor(null)
    for (const answer of [
      await token(code, basicOf(other)),
      await token({ ...code, code_verifier: pkce().verifier }),
      await token({ ...code, redirect_uri: `${REDIRECT_URI}/` }),
    ])
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant'])
    assert.equal((await api(first.access_token)).valid, true)
    const again = await token({ grant_type: 'refresh_token', refresh_token: first.refresh_token })
    assert.equal(again.status, 200)
  })

  const skip = ENGINE === 'pglite' ? 'one connection: nobody waits for a lock' : false
  it('REF-09: a refresh that waited for the end of its family is refused', { skip }, async () => {
    const { body } = await token(await freshCode())
    const { db, clock } = oauth.app
    const { familyId } = (await findRefreshToken(db, hashCredential(body.refresh_token))) ?? assert.fail()
    const origin = {
      actor: { kind: 'system', id: null },
      ip: null,
      requestId: null,
      now: clock.now(),
    } as const
    const refresh = () => token({ grant_type: 'refresh_token', refresh_token: body.refresh_token })
    const waiting = await db.transaction().execute(async (tx) => {
      const family = (await lockFamily(tx, familyId)) ?? assert.fail()
      const asked = refresh()
      await eventually(async () => {
        const { rows } = await sql`select from pg_locks where not granted`.execute(tx)
        return rows.length > 0 ? 'waits' : 'goes on'
      }, 'waits')
      await revokeLockedFamily(tx, origin, family, 'revoked_by_client')
      return { asked }
    })
    const answer = await waiting.asked
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant'])
  })
})
