import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createVerifier, httpSource, type Verifier } from '@doorward/sdk'
import { announce } from '../../src/changes/announce.store.ts'
import { openTestApp, type TestApp } from '../app.ts'
import { eventually } from '../eventually.ts'
import { type FaultyProxy, startProxy } from './proxy.ts'

/** More changes than a stream buffers for one subscriber. */
const MISSED = 400

describe('an SDK that reconnects to its feed', () => {
  let app: TestApp
  let proxy: FaultyProxy
  let sdk: Verifier
  let revoked: { readonly id: string; readonly secret: string }
  /** Verdicts on the revoked key at the moment of each "nothing is missing", and the number of those events. */
  const saidWhenConfirmed: string[] = []
  before(async () => {
    app = await openTestApp()
    await app.app.listen({ port: 0, host: '127.0.0.1' })
    proxy = await startProxy(`http://127.0.0.1:${(app.app.server.address() as AddressInfo).port}`)
    revoked = await app.keyFor('org_1')
    const steady = () => app.clock.steadyMs()
    const adminKey = await app.adminKeyWith(['verify'])
    const source = httpSource({ url: `http://127.0.0.1:${proxy.port}`, adminKey, steady })
    const follow: typeof source.follow = (listener) =>
      source.follow?.({
        ...listener,
        confirmed: (atMs) => {
          listener.confirmed(atMs)
          const said = sdk.verify(revoked.secret, ask, { dryRun: true })
          if (said instanceof Promise) said.catch(() => {})
          else saidWhenConfirmed.push(said.valid ? 'accepted' : said.refusal.reason)
        },
      }) as ReturnType<NonNullable<typeof source.follow>>
    sdk = createVerifier({
      source: { lookup: (hashes) => source.lookup(hashes), follow },
      now: () => app.clock.now().getTime(),
      steady,
    })
  })
  after(async () => {
    sdk.close()
    await proxy.close()
    await app.close()
  })

  const ask = { scopes: ['orders:read'], environment: 'live', clientIp: null }
  const atSdk = async () => {
    const verdict = await sdk.verify(revoked.secret, ask)
    return verdict.valid ? 'accepted' : verdict.refusal.reason
  }

  it(`KEY-10: refuses a key that was revoked behind ${MISSED} other changes once the feed says that nothing is missing`, async () => {
    await eventually(atSdk, 'accepted')
    proxy.break('cut')
    await app.db.transaction().execute(async (tx) => {
      const about = { tokenHash: Buffer.alloc(32, 1) }
      for (let n = 0; n < MISSED; n += 1) await announce(tx, app.clock.now(), 'other.changed', about)
    })
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`, { reason: 'leaked' })
    saidWhenConfirmed.length = 0
    proxy.mend()
    await eventually(async () => String(saidWhenConfirmed.length > 0), 'true')
    assert.deepEqual(new Set(saidWhenConfirmed), new Set(['revoked']))
  })
})
