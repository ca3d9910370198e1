import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openJar } from '../../../test/cookie-jar.ts'
import { connect, type OAuthApp, openOAuthApp, pkce } from '../../../test/oauth.ts'

/** For the end of the tokens everywhere see `test/faults/every-token-end.db.test.ts`. */
describe('many grants ended at once', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp()
  })
  after(() => oauth.close())

  const revoke = async (filter: Record<string, unknown>) => {
    const { status, body } = await oauth.app.call('POST', '/v1/grant-revocations', {
      reason: 'test',
      ...filter,
    })
    return status === 200 ? body : body.code
  }
  const connectApp = async () => {
    const client = await oauth.app.clientFor(null, { scopes: ['orders:read', 'orders:write'] })
    const code_challenge = pkce().challenge
    await connect(openJar(oauth.origin), { client_id: client.client_id, code_challenge })
    return client.client_id
  }
  const stateOf = async (client_id: string) =>
    (await oauth.app.call('GET', `/v1/grants?client_id=${client_id}`)).body.data[0].state

  it('REV-09: revokes those of one client and no others; a dry run revokes none', async () => {
    const [one, other] = [await connectApp(), await connectApp()]
    assert.deepEqual(await revoke({ client_id: one, dry_run: true }), { revoked: 1, remaining: 1 })
    assert.equal(await stateOf(one), 'active')
    assert.deepEqual(await revoke({ client_id: one }), { revoked: 1, remaining: 0 })
    assert.deepEqual([await stateOf(one), await stateOf(other)], ['revoked', 'active'])
  })

  it('REV-09 OPS-11: those from before a moment, and none from after it', async () => {
    const early = await connectApp()
    oauth.app.clock.advance({ seconds: 10 })
    const granted_before = oauth.app.clock.now().toISOString()
    const late = await connectApp()
    await revoke({ granted_before })
    assert.deepEqual([await stateOf(early), await stateOf(late)], ['revoked', 'active'])
  })

  it('REV-09 MGT-07: revokes those of a user and of an owner, and no others', async () => {
    const app = await connectApp()
    assert.equal((await revoke({ user_id: 'usr_nobody' })).revoked, 0)
    assert.equal((await revoke({ owner_id: 'org_nobody' })).revoked, 0)
    assert.equal((await revoke({ user_id: oauth.userId, owner_id: 'org_nobody' })).revoked, 0)
    assert.equal(await stateOf(app), 'active')
    assert.ok((await revoke({ user_id: oauth.userId, owner_id: 'org_1' })).revoked >= 1)
    assert.equal(await stateOf(app), 'revoked')
  })

  it('refuses to revoke all grants where no filter is given', async () => {
    assert.equal(await revoke({}), 'invalid_request')
  })

  it('REV-09: counts whom a suspension of a client hits, and names the users of grants', async () => {
    const client_id = await connectApp()
    const impact = async (as?: string) =>
      (
        await oauth.app.call(
          'GET',
          `/v1/clients/${client_id}/impact`,
          undefined,
          as === undefined ? {} : { as },
        )
      ).body
    const [one, none] = [
      { count: 1, at_least: false },
      { count: 0, at_least: false },
    ]
    const expected = { grants: one, users: one, owners: one, used_last_day: none, last_used_at: null }
    assert.deepEqual(await impact(), expected)
    const bound = await oauth.app.adminKeyWith(['clients:read', 'grants:read'], 'org_1')
    assert.equal((await impact(bound)).code, 'not_found')
    const grants = async (as: string) =>
      (await oauth.app.call('GET', `/v1/grants?client_id=${client_id}`, undefined, { as })).body.data[0]
    const { user_name, user_email } = await grants(oauth.app.adminKey)
    assert.match(user_email, /@/)
    assert.ok(user_name.length > 0)
    assert.deepEqual([(await grants(bound)).user_name, (await grants(bound)).user_email], [null, null])
    await revoke({ client_id })
    assert.deepEqual((await impact()).users, none)
  })
})
