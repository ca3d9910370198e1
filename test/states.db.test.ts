import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { listAdminKeys, lockUnrevokedAdminKeys } from '../src/admin-keys/admin-key.store.ts'
import { addSeconds } from '../src/base/clock.ts'
import { CLIENT_STATES, stateOf as clientState } from '../src/clients/client.ts'
import { listClients } from '../src/clients/client-list.store.ts'
import type { Db, Tx } from '../src/db/schema.ts'
import { listGrants, lockGrants } from '../src/oauth/grants/grant.store.ts'
import { GRANT_STATES, stateOf as grantState, stateWithClient } from '../src/oauth/grants/grant.ts'
import { redeem } from '../src/oauth/tokens/grant-types/authorization-code.ts'
import { addAccessToken, spendCode, spendRefreshToken } from '../src/oauth/tokens/issue-tokens.store.ts'
import { refresh } from '../src/oauth/tokens/refresh-token-reuse.ts'
import { findCode, findRefreshToken } from '../src/oauth/tokens/stored-token.store.ts'
import { toPersonJson } from '../src/sessions/person.store.ts'
import { answerChallenge, findChallenge, spendChallenge } from '../src/sign-in/login-challenge.store.ts'
import { stateOf as challengeState } from '../src/sign-in/login-challenge.ts'
import { holdEnabled } from '../src/users/disabled-user.store.ts'
import { findUser } from '../src/users/user.store.ts'
import { testClock } from './clock.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'

/**
 * States are computed from timestamps twice: by a function of the noun, and by the SQL that filters or guards. Each test
 * stores every combination of timestamps and compares the two. (For keys see src/keys/key-state.db.test.ts.)
 */
describe('states in TypeScript and in SQL', () => {
  const now = testClock().now()
  const earlier = addSeconds(now, -60)
  const created_at = addSeconds(now, -120)
  /** Unset, and set in the past. */
  const DEEDS = [null, earlier]
  /** Before, at and after `now`. */
  const ENDS = [earlier, now, addSeconds(now, 60)]
  const EVERYTHING = { sort: 'created', after: null, limit: 5_000 } as const
  const SCOPES = ['orders:read']
  const CHALLENGE = createHash('sha256').update('v'.repeat(43)).digest('base64url')

  const PERSON = toPersonJson({
    ...{ userId: 'ann', displayName: 'Ann', email: null, owners: [], authenticatedAt: earlier },
  })

  let place: TestDatabase
  let db: Db
  before(async () => {
    place = await openTestDatabase()
    db = place.database.db
    const owners = DEEDS.map((suspended_at) => ({ id: ownerOf(suspended_at), created_at, suspended_at }))
    await db.insertInto('owners').values(owners).execute()
    await db
      .insertInto('apis')
      .values({ id: 'api_1', identifier: 'https://api.example', name: 'API', is_default: false, created_at })
      .execute()
    const scope = { name: 'orders:read', description: 'Read', sensitivity: 'basic' as const, implies: [] }
    await db
      .insertInto('scopes')
      .values({ ...scope, api_id: 'api_1', created_at })
      .execute()
  })
  after(() => place.close())

  const ownerOf = (suspendedAt: Date | null) => (suspendedAt === null ? 'org_active' : 'org_suspended')

  interface ClientTimes {
    readonly revoked_at: Date | null
    readonly suspended_at: Date | null
    readonly published_at: Date | null
    readonly owner_id: string | null
  }

  async function insertClients(prefix: string, all: readonly ClientTimes[]): Promise<string[]> {
    const rows = all.map((times, n) => ({
      ...{
        id: `${prefix}_${n}`,
        type: 'public' as const,
        environment: 'live',
        source: 'registered' as const,
      },
      ...{ name: 'App', grant_types: [], token_endpoint_auth_method: 'none' as const, testers: [] },
      ...{ required_scopes: [], optional_scopes: SCOPES, client_credentials_scopes: [], first_party: false },
      ...{ refresh_grace_seconds: 60, created_by: 'adm_1', created_at, suspended_by_provider: false },
      ...times,
    }))
    await db.insertInto('clients').values(rows).execute()
    return rows.map(({ id }) => id)
  }

  const clientTimes: ClientTimes[] = DEEDS.flatMap((revoked_at) =>
    DEEDS.flatMap((suspended_at) =>
      DEEDS.flatMap((published_at) =>
        [null, 'org_active', 'org_suspended'].map((owner_id) => ({
          ...{ revoked_at, suspended_at, published_at, owner_id },
        })),
      ),
    ),
  )

  async function insertGrant(id: string, clientId: string, times: object, ownerId = 'org_active') {
    const row = {
      id,
      user_id: id,
      client_id: clientId,
      owner_id: ownerId,
      scopes: SCOPES,
      granted_at: created_at,
    }
    const shown = JSON.stringify({ client_name: 'App', redirect_host: '', owner_name: '', scopes: [] })
    await db
      .insertInto('grants')
      .values({ ...row, consented_at: created_at, shown, ...times })
      .execute()
  }

  /** Runs a statement that changes rows, and rolls it back. */
  async function tried<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    let result: { readonly value: T } | undefined
    const undo = new Error('undone')
    await db
      .transaction()
      .execute(async (tx) => {
        result = { value: await work(tx) }
        throw undo
      })
      .catch((error) => assert.equal(error, undo))
    assert.ok(result)
    return result.value
  }

  it('REV-09: the filter of clients by state agrees with stateOf', async () => {
    await insertClients('cli_state', clientTimes)
    const all = await listClients(db, 'every_owner', {}, EVERYTHING)
    assert.equal(all.length, clientTimes.length)
    for (const state of CLIENT_STATES) {
      const listed = await listClients(db, 'every_owner', { state }, EVERYTHING)
      const expected = all.filter((client) => clientState(client) === state)
      assert.ok(expected.length > 0, state)
      assert.deepEqual(listed, expected, state)
    }
  })

  it('CON-19: the filter of grants by state agrees with stateWithClient, and the lock with stateOf', async () => {
    const clients = await insertClients('cli_of_grants', clientTimes)
    for (const [n, clientId] of clients.entries())
      for (const [m, revoked_at] of DEEDS.entries())
        for (const [o, expires_at] of [null, ...ENDS].entries())
          await insertGrant(`grt_${n}_${m}_${o}`, clientId, { revoked_at, expires_at })
    const all = await listGrants(db, 'every_owner', {}, now, EVERYTHING)
    assert.equal(all.length, clients.length * 8)
    for (const state of GRANT_STATES) {
      const listed = await listGrants(db, 'every_owner', { states: [state] }, now, EVERYTHING)
      const expected = all.filter((grant) => stateWithClient(grant, now) === state)
      assert.ok(expected.length > 0, state)
      assert.deepEqual(listed, expected, state)
    }
    const unrevoked = all.filter((grant) => grantState(grant, now) !== 'revoked').map(({ id }) => id)
    const locked = await tried((tx) => lockGrants(tx, 'every_owner', {}, 5_000))
    assert.deepEqual(locked.map(({ id }) => id).sort(), unrevoked.sort())
  })

  it('CON-09: answering and spending a login challenge agree with stateOf', async () => {
    const browser = randomBytes(32)
    // The table has no row that is both accepted and rejected.
    for (const accepted_at of DEEDS)
      for (const rejected_at of accepted_at === null ? DEEDS : [null])
        for (const spent_at of DEEDS)
          for (const expires_at of ENDS) {
            const hash = randomBytes(32)
            const verifierHash = accepted_at === null && rejected_at === null ? null : randomBytes(32)
            const row = { hash, browser_hash: browser, return_to: '/', wants_fresh: false, created_at }
            const person = accepted_at === null ? null : PERSON
            const times = { accepted_at, rejected_at, spent_at, expires_at, person }
            await db
              .insertInto('login_challenges')
              .values({ ...row, ...times, verifier_hash: verifierHash })
              .execute()
            const challenge = await findChallenge(db, { hash }, browser)
            assert.ok(challenge)
            const state = challengeState(challenge, now)
            const answer = { rejectedReason: 'no' }
            const answered = await tried((tx) => answerChallenge(tx, hash, answer, randomBytes(32), now))
            assert.equal(answered, state === 'open')
            const spent = await tried((tx) => spendChallenge(tx, { hash }, browser, now))
            assert.equal(spent !== undefined, state === 'open')
            if (verifierHash === null) continue
            const returned = await tried((tx) => spendChallenge(tx, { verifierHash }, browser, now))
            assert.equal(returned !== undefined, state === 'answered')
          }
  })

  it('REF-10: the management API and sign-in agree on which users are disabled', async () => {
    for (const disabled_at of DEEDS) {
      const id = disabled_at === null ? 'usr_enabled' : 'usr_disabled'
      const user = { id, email: `${id}@example.com`, name: id, email_verified: false, created_at }
      await db
        .insertInto('users')
        .values({ ...user, updated_at: created_at })
        .execute()
      if (disabled_at !== null)
        await db
          .insertInto('disabled_users')
          .values({ user_id: id, disabled_at, disabled_by: 'adm_1', reason: 'left' })
          .execute()
      const found = await findUser(db, 'every_owner', id)
      assert.equal(await tried((tx) => holdEnabled(tx, id)), found?.disabledAt === null)
    }
  })

  it('the admin keys that count for the last one are those that are not revoked', async () => {
    for (const [n, revoked_at] of DEEDS.entries())
      await db
        .insertInto('admin_keys')
        .values({ id: `adm_${n}`, name: 'k', permissions: [], created_by: 'setup', created_at, revoked_at })
        .execute()
    const all = await listAdminKeys(db, EVERYTHING)
    const unrevoked = all.filter(({ revokedAt }) => revokedAt === null).map(({ id }) => id)
    const locked = await tried(lockUnrevokedAdminKeys)
    assert.deepEqual(locked.map(({ id }) => id).sort(), unrevoked.sort())
  })

  /** Grants of a code or a token family, in every state. */
  async function grantsOf(prefix: string) {
    const [clientId = ''] = await insertClients(`cli_${prefix}`, clientTimes.slice(0, 1))
    const ids: string[] = []
    for (const [n, revoked_at] of DEEDS.entries())
      for (const [m, expires_at] of [null, ...ENDS].entries())
        for (const suspended of DEEDS) {
          const id = `grt_${prefix}_${n}_${m}_${ownerOf(suspended)}`
          await insertGrant(id, clientId, { revoked_at, expires_at }, ownerOf(suspended))
          ids.push(id)
        }
    return { clientId, ids }
  }

  const newToken = (clientId: string) => ({
    ...{
      hash: randomBytes(32).toString('hex'),
      clientId,
      environment: 'live',
      scopes: SCOPES,
      resources: [],
    },
    ...{ createdAt: now, expiresAt: addSeconds(now, 60) },
  })
  const everything = { scopes: null, resources: [] }

  it('AUZ-17: spending a code agrees with redeem, for every code and grant', async () => {
    const { clientId, ids } = await grantsOf('codes')
    const request = { code: 'c', codeVerifier: 'v'.repeat(43), redirectUri: null, access: everything }
    const outcomes = new Set<string>()
    for (const grantId of ids)
      for (const spent_at of DEEDS)
        for (const expires_at of ENDS) {
          const hash = randomBytes(32)
          const codeHash = hash.toString('hex')
          const row = { hash, grant_id: grantId, client_id: clientId, redirect_uri: 'https://a.example/' }
          const times = { created_at, expires_at, spent_at, family_id: spent_at === null ? null : 'fam_0' }
          await db
            .insertInto('authorization_codes')
            .values({ ...row, ...times, code_challenge: CHALLENGE, scopes: SCOPES, resources: [] })
            .execute()
          const code = await findCode(db, codeHash)
          assert.ok(code)
          const { outcome } = redeem(code, request, clientId, now)
          const family = { familyId: `fam_${codeHash}`, familyExpiresAt: addSeconds(now, 60) }
          const spending = { codeHash, grantId, ...family, scopes: SCOPES, resources: [] }
          const spent = await tried((tx) => spendCode(tx, spending, newToken(clientId), null))
          outcomes.add(outcome)
          // Expiry and owner are checked in TypeScript alone: only spending and revoking race.
          if (outcome === 'issue') assert.ok(spent)
          assert.equal(spent, code.spentAt === null && code.grantRevokedAt === null)
        }
    assert.deepEqual([...outcomes].sort(), ['issue', 'refuse', 'replayed'])
  })

  it('REF-09: rotating a refresh token agrees with refresh, for every token, family and grant', async () => {
    const { clientId, ids } = await grantsOf('families')
    const client = { id: clientId, refreshGraceSeconds: 60 }
    const successor = randomBytes(32)
    const outcomes = new Set<string>()
    for (const [n, grantId] of ids.entries())
      for (const [m, revoked_at] of DEEDS.entries())
        for (const spent_at of [...DEEDS, addSeconds(now, -30)])
          for (const expires_at of ENDS) {
            const hash = randomBytes(32)
            const tokenHash = hash.toString('hex')
            const familyId = `fam_${n}_${m}_${tokenHash}`
            const family = {
              id: familyId,
              grant_id: grantId,
              client_id: clientId,
              scopes: SCOPES,
              resources: [],
            }
            await db
              .insertInto('token_families')
              .values({ ...family, created_at, expires_at: addSeconds(now, 60), revoked_at })
              .execute()
            const successor_hash = spent_at === null ? null : successor
            await db
              .insertInto('refresh_tokens')
              .values({ hash, family_id: familyId, created_at, expires_at, spent_at, successor_hash })
              .execute()
            const token = await findRefreshToken(db, tokenHash)
            assert.ok(token)
            const { outcome } = refresh(token, everything, client, successor.toString('hex'), now)
            outcomes.add(outcome)
            const isActive = token.familyRevokedAt === null && token.grantRevokedAt === null
            const next = { hash: randomBytes(32).toString('hex'), expiresAt: addSeconds(now, 60) }
            const spending = { tokenHash, grantId, familyId }
            const access = newToken(clientId)
            const spent = await tried((tx) => spendRefreshToken(tx, spending, access, next))
            const added = await tried((tx) => addAccessToken(tx, { grantId, familyId }, access))
            if (outcome === 'rotate') assert.ok(spent)
            if (outcome === 'repeat') assert.ok(added)
            assert.equal(spent, isActive && token.spentAt === null)
            assert.equal(added, isActive)
          }
    assert.deepEqual([...outcomes].sort(), ['refuse', 'repeat', 'reused', 'rotate'])
  })
})
