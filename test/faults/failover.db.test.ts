import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createVerifier, httpSource, type Verifier } from '@doorward/sdk'
import { openTestApp, type TestApp } from '../app.ts'
import { eventually } from '../eventually.ts'
import { type FaultyProxy, startProxy } from './proxy.ts'

describe('a failover to a standby that lacks the last commits', () => {
  let app: TestApp
  let proxy: FaultyProxy
  let sdk: Verifier
  const warnings: string[] = []
  before(async () => {
    app = await openTestApp()
    proxy = await startProxy(await app.app.listen({ port: 0, host: '127.0.0.1' }))
    const source = httpSource({
      url: `http://127.0.0.1:${proxy.port}`,
      adminKey: await app.adminKeyWith(['verify']),
      onError: (error) => warnings.push(String(error)),
      steady: () => app.clock.steadyMs(),
    })
    const now = () => app.clock.nowMs()
    sdk = createVerifier({ source, now, steady: () => app.clock.steadyMs() })
  })
  after(async () => {
    sdk.close()
    await proxy.close()
    await app.close()
  })

  const ask = { scopes: [], environment: 'live', resource: null, clientIp: null }
  const atSdk = async (secret: string) => {
    const verdict = await sdk.verify(secret, ask)
    return verdict.valid ? 'accepted' : verdict.refusal.reason
  }
  const atServer = async (credential: string) =>
    (await app.call('POST', '/v1/verify', { credential })).body.refusal?.reason ?? 'accepted'
  const position = async () =>
    (await app.db.selectFrom('changes_head').select('position').executeTakeFirstOrThrow()).position

  /** Removes the commits that the standby lacks, as a failover to it does. */
  const loseSince = (last: number) =>
    app.db.transaction().execute(async (tx) => {
      await tx.deleteFrom('changes').where('position', '>', last).execute()
      await tx.updateTable('changes_head').set({ position: last }).execute()
    })

  it('KEY-10: a key that is revoked after the failover is refused by an SDK and a server that saw the lost commits', async () => {
    const [revoked, kept, ended] = [
      await app.keyFor('org_1'),
      await app.keyFor('org_1'),
      await app.keyFor('org_1'),
    ]
    const shared = await position()
    for (const { secret } of [revoked, kept, ended]) {
      assert.equal(await atSdk(secret), 'accepted')
      assert.equal(await atServer(secret), 'accepted')
    }
    // Three positions that both are notified of and the standby lacks; one of them is a revocation.
    await app.call('POST', `/v1/keys/${ended.id}/revoke`, { reason: 'leaked' })
    for (let n = 0; n < 2; n++) await app.keyFor('org_1')
    await eventually(() => atSdk(ended.secret), 'revoked')
    const { restarts } = sdk.health()
    proxy.break('cut')

    await loseSince(shared)
    await app.db.updateTable('keys').set({ revoked_at: null }).where('id', '=', ended.id).execute()
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`, { reason: 'leaked' })
    for (let n = 0; n < 3; n++) await app.keyFor('org_1')
    assert.equal(await atServer(revoked.secret), 'revoked')
    assert.match(app.log(), /the database has another history of changes/)
    proxy.mend()

    await eventually(async () => String(sdk.health().restarts > restarts), 'true')
    assert.equal(await atSdk(revoked.secret), 'revoked')
    assert.equal(await atSdk(kept.secret), 'accepted')
    for (const at of [atSdk, atServer])
      assert.equal(await at(ended.secret), 'revoked', 'of a revocation that is lost, who had heard it knows')
    assert.match(warnings.join(), /another history of changes/)
  })
})
