import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestClient } from '../../../test/app.ts'
import { openJar } from '../../../test/cookie-jar.ts'
import { ENGINE } from '../../../test/database.ts'
import { waitForLocks } from '../../../test/lock-waits.ts'
import {
  allow,
  arrive,
  authorizePath,
  connect,
  type OAuthApp,
  openOAuthApp,
  pkce,
  post,
  REDIRECT_URI,
  redeem,
  ticked,
} from '../../../test/oauth.ts'
import { makeUser } from '../../../test/sign-in.ts'
import { addSeconds } from '../../base/clock.ts'
import { client } from '../../clients/authentication/client.fixture.ts'
import { insertClient } from '../../clients/client.store.ts'
import type { Caller } from '../../management/caller.ts'
import { issueCode } from '../authorize/issue-code.ts'
import { blockClient } from './block-client.ts'

/** For the end of the tokens everywhere see `test/faults/every-token-end.db.test.ts`. */
describe('a client that is blocked for an owner', () => {
  let oauth: OAuthApp
  let admin: string
  const both = 'both@example.com'
  before(async () => {
    oauth = await openOAuthApp()
    admin = await oauth.app.adminKeyWith(['grants:read', 'grants:write', 'audit:read'], 'org_1')
    await makeUser(oauth.app, both, ['org_1', 'org_2'])
    await oauth.app.call('PATCH', '/v1/owners/org_1', { name: 'Acme Ltd' })
  })
  after(() => oauth.close())

  const newClient = (more = {}) => oauth.app.clientFor(null, more)
  const placeOf = ({ client_id }: Pick<TestClient, 'client_id'>, ownerId = 'org_1') =>
    `/v1/owners/${ownerId}/blocked-clients/${encodeURIComponent(client_id)}`
  const block = async (client: TestClient, as = admin) =>
    await oauth.app.call('PUT', placeOf(client), { reason: 'not vetted' }, { as })
  const unblock = (client: TestClient) => oauth.app.call('DELETE', placeOf(client), undefined, { as: admin })
  const pathFor = ({ client_id }: TestClient, more = {}) =>
    authorizePath({ client_id, code_challenge: pkce().challenge, state: 's', ...more })
  const grantsOf = async ({ client_id }: TestClient) =>
    (await oauth.app.call('GET', `/v1/grants?client_id=${client_id}`)).body.data
  const eventsOf = async ({ client_id }: TestClient) => {
    const path = `/v1/audit-events?target_id=${client_id}&limit=200`
    const { body } = await oauth.app.call('GET', path, undefined, { as: admin })
    return body.data
      .filter(({ action }: { action: string }) => action.includes('blocked'))
      .map(({ action, detail }: { action: string; detail: object }) => [action, detail])
  }

  it('CON-21: loses what its users granted it there, and nothing of what another owner’s did', async () => {
    const client = await newClient()
    const { verifier, challenge } = pkce()
    const asked = { client_id: client.client_id, code_challenge: challenge }
    const here = await redeem(oauth.origin, client, await connect(openJar(oauth.origin), asked), verifier)
    const jar = openJar(oauth.origin)
    const page = await arrive(jar, authorizePath(asked), both)
    const fields = ticked(page).filter(([name]) => name !== 'owner_id')
    const there = await redeem(
      oauth.origin,
      client,
      await allow(jar, page, [...fields, ['owner_id', 'org_2']]),
      verifier,
    )
    const code = (await connect(openJar(oauth.origin), { ...asked, prompt: 'consent' })).searchParams
    const { status, body } = await block(client)
    assert.deepEqual(
      [status, body.client_name, body.reason, body.owner_id],
      [200, 'An app', 'not vetted', 'org_1'],
    )

    const basic = [client.client_id, client.client_secret] as const
    const ask = async (path: string, form: Record<string, string>) =>
      (await post(oauth.origin, path, form, { basic })).body
    const refresh = (refresh_token: string) =>
      ask('/oauth/token', { grant_type: 'refresh_token', refresh_token })
    assert.equal((await refresh(here.refresh_token)).error, 'invalid_grant')
    assert.deepEqual(await ask('/oauth/introspect', { token: here.access_token }), { active: false })
    const spending = {
      grant_type: 'authorization_code',
      code: code.get('code') ?? '',
      code_verifier: verifier,
    }
    assert.equal((await ask('/oauth/token', spending)).error, 'invalid_grant')
    assert.equal((await ask('/oauth/introspect', { token: there.access_token })).active, true)
    assert.ok((await refresh(there.refresh_token)).access_token)
    const grants = await grantsOf(client)
    assert.deepEqual(
      grants
        .map((grant: Record<string, string>) => [grant.owner_id, grant.state, grant.revoked_reason])
        .sort(),
      [
        ['org_1', 'revoked', 'client_blocked'],
        ['org_2', 'active', null],
      ],
    )
    assert.deepEqual(await eventsOf(client), [['client.blocked', { reason: 'not vetted', grants_ended: 1 }]])
  })

  it('CON-21 CON-20: a user of that workspace alone reads who blocked the app, and the app gets access_denied', async () => {
    const client = await newClient()
    await block(client)
    const jar = openJar(oauth.origin)
    const page = await arrive(jar, pathFor(client))
    assert.equal(page.status, 403)
    assert.match(page.text, /blocked by an administrator of <strong>Acme Ltd<\/strong>/)
    assert.doesNotMatch(page.text, /not vetted|value="allow"/)
    const back = new URL((await jar.submit(page, { decision: 'back' })).location ?? '').searchParams
    assert.deepEqual([back.get('error'), back.get('state')], ['access_denied', 's'])
  })

  it('CON-21 CON-17: nothing is granted without a consent page, neither before the block nor after it', async () => {
    const jar = openJar(oauth.origin)
    for (const firstParty of [true, false]) {
      const client = await newClient({ first_party: firstParty })
      if (!firstParty) await connect(jar, { client_id: client.client_id, code_challenge: pkce().challenge })
      await arrive(jar, '/sign-in')
      await block(client)
      const none = await jar.get(pathFor(client, { prompt: 'none' }))
      assert.match(none.location ?? '', /error=consent_required/, `first_party ${firstParty}`)
      const page = await jar.follow(await jar.get(pathFor(client)))
      assert.match(page.text, /blocked by an administrator of <strong>Acme Ltd/)
      const active = (await grantsOf(client)).filter(({ state }: { state: string }) => state === 'active')
      assert.deepEqual(active, [])
    }
  })

  it('CON-21: of several workspaces the others can be chosen, and the page says that this one is not available', async () => {
    const client = await newClient()
    await block(client)
    const jar = openJar(oauth.origin)
    const page = await arrive(jar, pathFor(client), both)
    assert.match(
      page.text,
      /Not available: <strong>Acme Ltd<\/strong>, blocked by an administrator of Acme Ltd/,
    )
    assert.doesNotMatch(page.text, /value="org_1"/)
    const forced = await jar.submit(page, [...ticked(page), ['owner_id', 'org_1'], ['decision', 'allow']])
    assert.equal(forced.status, 422)
    await allow(jar, page)
    assert.deepEqual(
      (await grantsOf(client)).map(({ owner_id }: { owner_id: string }) => owner_id),
      ['org_2'],
    )
  })

  it('CON-21: where all of them block it there is nothing to choose, and each is named', async () => {
    const client = await newClient()
    for (const ownerId of ['org_1', 'org_2']) await oauth.app.call('PUT', placeOf(client, ownerId))
    const page = await arrive(openJar(oauth.origin), pathFor(client), both)
    assert.equal(page.status, 403)
    assert.match(page.text, /administrator of <strong>Acme Ltd<\/strong>, and of <strong>org_2<\/strong>/)
  })

  it('CON-21: a page that was open when it was blocked grants nothing', async () => {
    const client = await newClient()
    const [one, several] = [openJar(oauth.origin), openJar(oauth.origin)]
    const page = await arrive(one, pathFor(client))
    const choice = await arrive(several, pathFor(client), both)
    await block(client)
    const answer = await one.submit(page, [...ticked(page), ['decision', 'allow']])
    assert.equal(answer.status, 403)
    assert.match(answer.text, /blocked by an administrator of/)
    const changed = await several.submit(choice, [...ticked(choice), ['decision', 'allow']])
    assert.equal(changed.status, 422)
    assert.match(changed.text, /Something here has changed/)
    assert.deepEqual(await grantsOf(client), [])
  })

  it('CON-21 REF-10: a consent that races the block leaves nothing behind', async () => {
    for (let round = 0; round < 8; round++) {
      const client = await newClient()
      const jar = openJar(oauth.origin)
      const page = await arrive(jar, pathFor(client))
      const saying = jar.submit(page, [...ticked(page), ['decision', 'allow']])
      const [answer, blocked] = await Promise.all([saying, block(client)])
      assert.equal(blocked.status, 200, blocked.text)
      assert.ok([303, 403].includes(answer.status), answer.text)
      const states = (await grantsOf(client)).map(({ state }: { state: string }) => state)
      assert.deepEqual(states, answer.status === 303 ? ['revoked'] : [], `round ${round}`)
    }
  })

  const skip = ENGINE === 'pglite' ? 'one connection: nobody waits for a lock' : false
  const callerNow = (): Caller => ({
    ...{
      actor: { kind: 'admin_key', id: 'adm_test' },
      ip: null,
      requestId: 'req_test',
      now: oauth.app.clock.now(),
    },
    ...{ permissions: new Set(), reach: 'every_owner', latestExpiry: null, seesMetadata: true, proof: null },
  })

  it('CON-21 REF-10: a consent that waited for the block finds it', { skip }, async () => {
    const app = await newClient()
    const jar = openJar(oauth.origin)
    const page = await arrive(jar, pathFor(app))
    const { saying } = await oauth.app.db.transaction().execute(async (tx) => {
      const place = { ownerId: 'org_1', clientId: app.client_id }
      assert.ok((await blockClient(tx, callerNow(), place, 'test')).ok)
      const saying = jar.submit(page, [...ticked(page), ['decision', 'allow']])
      await waitForLocks(oauth.app.db, 1)
      return { saying }
    })
    const answer = await saying
    assert.equal(answer.status, 403, answer.text)
    assert.match(answer.text, /blocked by an administrator of <strong>Acme Ltd/)
    assert.deepEqual(await grantsOf(app), [])
  })

  it('CON-21 REF-10: a block that waited for a consent revokes it', { skip }, async () => {
    const app = await newClient()
    const caller = callerNow()
    const request = {
      ...{ clientId: app.client_id, redirectUri: REDIRECT_URI, state: null, resources: [], prompt: [] },
      ...{ scopes: ['orders:read'], codeChallenge: pkce().challenge, maxAge: null, loginHint: null },
      ...{ createdAt: caller.now, expiresAt: addSeconds(caller.now, 60) },
    }
    const shown = { client_name: 'An app', redirect_host: 'app.example.com', owner_name: 'A', scopes: [] }
    const consent = {
      userId: oauth.userId,
      ownerId: 'org_1',
      asked: 'now' as const,
      scopes: request.scopes,
      implied: [],
      shown,
    }
    const { blocking } = await oauth.app.db.transaction().execute(async (tx) => {
      const said = { request, brand: null, grantSeconds: null, consent }
      assert.ok((await issueCode(tx, caller, said)).ok)
      const blocking = block(app)
      await waitForLocks(oauth.app.db, 1)
      return { blocking }
    })
    assert.equal((await blocking).status, 200)
    assert.deepEqual(
      (await grantsOf(app)).map(({ state }: { state: string }) => state),
      ['revoked'],
    )
  })

  it('CON-21: unblocked, users can allow it again, and what was ended stays so', async () => {
    const client = await newClient()
    await connect(openJar(oauth.origin), { client_id: client.client_id, code_challenge: pkce().challenge })
    await block(client)
    assert.equal((await unblock(client)).status, 204)
    assert.equal((await grantsOf(client))[0].state, 'revoked')
    oauth.app.clock.advance({ seconds: 1 })
    await connect(openJar(oauth.origin), { client_id: client.client_id, code_challenge: pkce().challenge })
    assert.equal((await grantsOf(client))[0].state, 'active')
    assert.equal((await unblock(client)).status, 204, 'it was not blocked')
    assert.deepEqual(
      (await eventsOf(client)).map(([action]: [string]) => action),
      ['client.unblocked', 'client.blocked'],
    )
  })

  it('MGT-02 CON-21: blocks only for the admin key’s owner, only an existing client, and idempotently', async () => {
    const client = await newClient()
    const elsewhere = placeOf(client, 'org_2')
    for (const method of ['PUT', 'DELETE'])
      assert.equal((await oauth.app.call(method, elsewhere, undefined, { as: admin })).status, 404)
    const list = '/v1/owners/org_2/blocked-clients'
    assert.equal((await oauth.app.call('GET', list, undefined, { as: admin })).status, 404)
    const nobody = await block({ client_id: 'cli_nobody', client_secret: '' })
    assert.deepEqual([nobody.status, nobody.body.code], [404, 'not_found'])
    const first = await block(client)
    oauth.app.clock.advance({ seconds: 1 })
    const again = await oauth.app.call('PUT', placeOf(client), { reason: 'another' }, { as: admin })
    assert.deepEqual(again.body, first.body, 'the first reason stands')
    assert.equal((await eventsOf(client)).length, 1)
  })

  it('CON-21: what the API provider blocked, no admin key of the owner lifts or makes its own', async () => {
    const client = await newClient()
    assert.equal((await block(client)).body.blocked_by_provider, false)
    const byProvider = await oauth.app.call('PUT', placeOf(client), { reason: 'the provider’s' })
    assert.deepEqual([byProvider.body.blocked_by_provider, byProvider.body.reason], [true, 'the provider’s'])
    assert.deepEqual((await block(client)).body, byProvider.body)
    const lifted = await unblock(client)
    assert.deepEqual([lifted.status, lifted.body.code], [403, 'exceeds_authority'])
    assert.equal((await oauth.app.call('DELETE', placeOf(client))).status, 204)
  })

  it('MGT-14: the list comes in pages, whatever the ids look like', async () => {
    const odd = `https://app.example.com/~odd(1)/${'x'.repeat(360)}`
    const ids = [odd, `${odd}y`, `${odd}z`]
    for (const id of ids) {
      const known = client('none', { id, source: 'metadata_document' })
      await oauth.app.db.transaction().execute((tx) => insertClient(tx, known))
      assert.equal((await oauth.app.call('PUT', placeOf({ client_id: id }, 'org_paged'))).status, 200)
    }
    const found: string[] = []
    let cursor = ''
    do {
      const path = `/v1/owners/org_paged/blocked-clients?limit=1${cursor && `&cursor=${cursor}`}`
      const { status, body, text } = await oauth.app.call('GET', path)
      assert.equal(status, 200, text)
      found.push(...body.data.map((row: { client_id: string }) => row.client_id))
      cursor = body.next_cursor ?? ''
    } while (cursor !== '')
    assert.deepEqual(found, ids.toReversed())
  })
})
