import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { ENGINE, testPlace } from '../database.ts'
import { startServer } from '../server-process.ts'
import { startApi } from './api-process.ts'
import { countsExactly, type Key, newKeys, revoke, verdictOf } from './keys.ts'
import { BOUND_MS, Witness } from './witness.ts'

const PAUSED_MS = 20_000
/** Bound on open questions, which pile up during the pause. */
const ASKED_EVERY_MS = 250

it('KEY-10 VER-18: a server and an SDK that were paused for 20 s accept no key revoked meanwhile, not even at first', {
  skip: ENGINE !== 'postgres' && 'it takes two servers on one database',
}, async (t) => {
  const adminKey = mintCredential('admin_key').reveal()
  const place = await testPlace()
  const awake = await startServer(place.env, adminKey)
  const paused = await startServer(place.env, adminKey)
  // The first is paused itself; the second's server is.
  const apis = await Promise.all([startApi(awake.url, adminKey), startApi(paused.url, adminKey)])
  const [pausedApi] = apis
  t.after(async () => {
    for (const each of [awake, paused, ...apis]) await each.kill('SIGKILL')
    await place.release()
  })
  const verifying = { name: 'ends', permissions: ['verify'] }
  const { body: ending } = await awake.call('POST', '/v1/admin-keys', verifying)
  const keys = await newKeys(awake, 'kept', 'revoked')
  const witness = (ask: () => Promise<string>) => new Witness(ask, ASKED_EVERY_MS)
  const atApis = (key: Key) => apis.map((api) => witness(() => api.ask(key.secret)))
  const kept = [witness(() => verdictOf(paused, keys.kept)), ...atApis(keys.kept)]
  const [atPaused, atPausedApi, behindPaused] = [
    witness(() => verdictOf(paused, keys.revoked)),
    ...atApis(keys.revoked),
  ] as [Witness, Witness, Witness]
  // A caller with a revoked admin key gets no verdict at all.
  const byEnding = witness(() => verdictOf(paused, keys.kept, { authorization: `Bearer ${ending.secret}` }))
  const witnesses = [...kept, atPaused, atPausedApi, behindPaused, byEnding]
  t.after(() => Promise.all(witnesses.map((each) => each.dismiss())))
  await Promise.all(witnesses.map((each) => each.hears('accepted')))

  // Paused while it writes, so that it may hold the lock that every change takes.
  const creating = Array.from({ length: 8 }, () => newKeys(paused, 'cut short').catch((error) => error))
  await sleep(5)
  const pausedAt = performance.now()
  paused.pause()
  pausedApi.pause()
  const revokedAt = await revoke(awake, keys.revoked)
  const { status } = await awake.call('POST', `/v1/admin-keys/${ending.id}/revoke`, { reason: 'leaked' })
  assert.equal(status, 200)
  const bothRevokedAt = performance.now()
  await sleep(Math.max(0, pausedAt + PAUSED_MS - performance.now()))
  await sleep(Math.max(0, bothRevokedAt + BOUND_MS - performance.now()))
  const resumedAt = performance.now()
  paused.resume()
  pausedApi.resume()

  await Promise.all(kept.map((each) => each.hears('accepted')))
  await Promise.all(creating)
  await Promise.all(witnesses.map((each) => each.dismiss()))
  for (const each of [atPaused, atPausedApi, behindPaused]) each.neverAcceptedAfter(revokedAt)
  byEnding.neverAcceptedAfter(bothRevokedAt)
  for (const { heard } of [atPaused, atPausedApi, byEnding]) {
    const afterwards = heard.filter((each) => each.askedAtMs > pausedAt && each.saidAtMs > resumedAt)
    assert.ok(afterwards.filter((each) => each.askedAtMs < resumedAt).length > 20, 'they waited for it')
    assert.ok(!afterwards.some(({ said }) => said === 'accepted'))
  }
  assert.deepEqual(
    witnesses.flatMap((each) => each.oddities),
    [],
  )
  for (const api of apis) await api.kill('SIGTERM')
  const accepted = [...kept, byEnding].reduce((sum, each) => sum + each.accepted, 0)
  await countsExactly(awake, keys.kept, accepted)
  assert.equal((await awake.call('GET', '/v1/audit-events/verification')).body.intact, true)
  for (const server of [awake, paused]) assert.equal((await server.kill('SIGTERM')).code, 0)
})
