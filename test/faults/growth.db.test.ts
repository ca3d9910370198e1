import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { SignJWT } from 'jose'
import { sql } from 'kysely'
import { JOBS } from '../../src/all-jobs.ts'
import { JWT_BEARER } from '../../src/clients/authentication/client.fixture.ts'
import { openJar } from '../cookie-jar.ts'
import { arrive, authorizePath, connect, type OAuthApp, openOAuthApp, pkce, post } from '../oauth.ts'

/** Tables that gain rows because people sign in and apps are used, not because something is registered. */
const TABLES = [
  'authorization_requests',
  'authorization_codes',
  'access_tokens',
  'refresh_tokens',
  'token_families',
  'login_challenges',
  'sessions',
  'idempotent_requests',
  'client_assertions',
  'changes',
] as const
const REFRESHES = 5
/** The longest-lived row (a session, for a week and a day) exists once for each of these days. */
const ROUNDS = 12

describe('a database in daily use', () => {
  let oauth: OAuthApp
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  before(async () => {
    const lifetimes = { accessSeconds: 600, refreshIdleSeconds: 86_400, refreshAbsoluteSeconds: 2 * 86_400 }
    const shared = { grantSeconds: null, documentHosts: 'none', registration: false } as const
    oauth = await openOAuthApp({ oauth: { lifetimes, ...shared } })
  })
  after(() => oauth.close())

  async function assertionOf(clientId: string) {
    const nowSeconds = Math.floor(oauth.app.clock.now().getTime() / 1000)
    const claims = { iss: clientId, sub: clientId, aud: 'http://doorward.test', jti: randomUUID() }
    const jwt = await new SignJWT({ ...claims, exp: nowSeconds + 60 })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(signing.privateKey)
    return { client_id: clientId, client_assertion_type: JWT_BEARER, client_assertion: jwt }
  }

  /** A day of one user: a sign-in, an app connected and used, a page left open, a request of a backend, a night. */
  async function day(clientId: string): Promise<readonly number[]> {
    const { app, origin } = oauth
    const { verifier, challenge } = pkce()
    const asked = { client_id: clientId, code_challenge: challenge }
    const jar = openJar(origin)
    const back = await connect(jar, { ...asked, prompt: 'consent' })
    await arrive(jar, authorizePath({ ...asked, prompt: 'consent' }))
    const token = async (form: Record<string, string>) => {
      const answer = await post(origin, '/oauth/token', { ...form, ...(await assertionOf(clientId)) })
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      return answer.body.refresh_token
    }
    const code = back.searchParams.get('code') ?? ''
    let refreshToken = await token({ grant_type: 'authorization_code', code, code_verifier: verifier })
    for (let n = 0; n < REFRESHES; n++) {
      app.clock.advance({ seconds: 60 })
      refreshToken = await token({ grant_type: 'refresh_token', refresh_token: refreshToken })
    }
    const key = { owner_id: 'org_1', name: 'a key', environment: 'live', scopes: [] }
    const headers = { 'idempotency-key': randomUUID() }
    assert.equal((await app.call('POST', '/v1/keys', key, { headers })).status, 201)
    for (const job of JOBS) await job.run(app.db, app.clock.now())
    const counts = await Promise.all(TABLES.map(rowsOf))
    app.clock.advance({ days: 1 })
    return counts
  }

  async function rowsOf(table: (typeof TABLES)[number]): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(
      oauth.app.db,
    )
    return rows[0]?.n ?? 0
  }

  /** The maximum number of rows of each table over some days. */
  async function most(clientId: string): Promise<Record<string, number>> {
    const days: (readonly number[])[] = []
    for (let n = 0; n < ROUNDS; n++) days.push(await day(clientId))
    return Object.fromEntries(
      TABLES.map((table, at) => [table, Math.max(...days.map((each) => each[at] ?? 0))]),
    )
  }

  it('STO-05: has no more rows after twice as many days, in any table that fills with use', async () => {
    const jwks = { keys: [signing.publicKey.export({ format: 'jwk' })] }
    const method = { token_endpoint_auth_method: 'private_key_jwt', jwks }
    const { client_id: clientId } = await oauth.app.clientFor(null, method)
    const first = await most(clientId)
    for (const [table, rows] of Object.entries(first)) assert.ok(rows > 0, `${table} is filled at all`)
    for (const [table, rows] of Object.entries(await most(clientId)))
      assert.ok(rows <= (first[table] ?? 0), `${table} has grown from ${first[table]} to ${rows}`)
  })
})
