import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { type TestPlace, testPlace } from '../database.ts'
import { type ServerProcess, startServer } from '../server-process.ts'
import { startApi } from './api-process.ts'
import { countsExactly, newKeys, revoke } from './keys.ts'
import { startProxy } from './proxy.ts'
import { BOUND_MS, Witness } from './witness.ts'

const FOLLOWED_AGAIN_WITHIN_MS = 60_000

describe('the network between an SDK and its server', { concurrency: true }, () => {
  const adminKey = mintCredential('admin_key').reveal()
  let place: TestPlace
  let server: ServerProcess
  before(async () => {
    place = await testPlace()
    server = await startServer(place.env, adminKey)
  })
  after(async () => {
    assert.equal((await server.kill('SIGTERM')).code, 0)
    await place.release()
  })

  for (const [what, path, meanwhile] of [
    ['the feed', '/v1/changes', 'accepted'],
    ['everything', '', '503'],
  ] as const)
    for (const [how, fault] of [
      ['cut, and refused again', 'cut'],
      ['held open without data', 'silent'],
    ] as const)
      it(`KEY-10 VER-18: ${what} is ${how}: no revoked key is accepted past the bound, and the feed recovers by itself`, async (t) => {
        const proxy = await startProxy(server.url)
        t.after(() => proxy.close())
        const api = await startApi(`http://127.0.0.1:${proxy.port}`, adminKey)
        t.after(() => api.kill('SIGKILL'))
        const keys = await newKeys(server, 'kept', 'revoked', 'later')
        const [kept, revoked, later] = [keys.kept, keys.revoked, keys.later].map(
          (key) => new Witness(() => api.ask(key.secret)),
        ) as [Witness, Witness, Witness]
        const witnesses = [kept, revoked, later]
        t.after(() => Promise.all(witnesses.map((witness) => witness.dismiss())))
        await Promise.all(witnesses.map((witness) => witness.hears('accepted')))

        proxy.break(fault, path)
        const brokenAt = performance.now()
        const revokedAt = await revoke(server, keys.revoked)
        // As long as a cached record may be used; what is asked from then on has its answer while the fault lasts.
        await sleep(Math.max(0, brokenAt + BOUND_MS - performance.now()))
        const boundAt = performance.now()
        await kept.hears(meanwhile)
        proxy.mend()
        const mendedAt = performance.now()
        assert.ok(proxy.hits > 0, 'the fault has struck')

        await kept.hears('accepted')
        await revoked.hears('401')
        while (((await api.health()).confirmedAgoMs ?? Number.POSITIVE_INFINITY) > BOUND_MS / 2) {
          assert.ok(performance.now() - mendedAt < FOLLOWED_AGAIN_WITHIN_MS, `not followed: ${api.output()}`)
          await sleep(50)
        }
        const revokedLaterAt = await revoke(server, keys.later)
        await later.hears('401')
        await Promise.all([revoked.hearsAfterBound(revokedAt), later.hearsAfterBound(revokedLaterAt)])
        await Promise.all(witnesses.map((witness) => witness.dismiss()))

        revoked.neverAcceptedAfter(revokedAt)
        later.neverAcceptedAfter(revokedLaterAt)
        assert.deepEqual(kept.saidBetween(boundAt, mendedAt), new Set([meanwhile]))
        assert.deepEqual(
          witnesses.flatMap((witness) => witness.oddities),
          [],
        )
        await countsExactly(server, keys.kept, kept.accepted)
        await api.kill('SIGTERM')
      })
})
