import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { type TestPlace, testPlace } from '../database.ts'
import { type ServerProcess, startServer } from '../server-process.ts'
import { type ApiProcess, startApi } from './api-process.ts'
import { newKeys } from './keys.ts'

const BOUND_MS = 5_000

describe('a revocation on its way to the SDKs of two APIs, in their own processes', () => {
  const adminKey = mintCredential('admin_key').reveal()
  let place: TestPlace
  let server: ServerProcess
  let awake: ApiProcess
  let other: ApiProcess
  before(async () => {
    place = await testPlace()
    server = await startServer(place.env, adminKey)
    ;[awake, other] = await Promise.all([startApi(server.url, adminKey), startApi(server.url, adminKey)])
  })
  after(async () => {
    for (const each of [awake, other, server]) await each?.kill('SIGKILL')
    await place.release()
  })

  const verifiers = async () => (await server.call('GET', '/v1/verifiers')).body.counts
  const arrival = async (at: string) => (await server.call('GET', `/v1/arrival?at=${at}`)).body
  async function until<T>(ask: () => Promise<T>, isIt: (answer: T) => boolean): Promise<T> {
    for (let n = 0; n < 600; n++) {
      const answer = await ask()
      if (isIt(answer)) return answer
      await sleep(50)
    }
    throw new Error(`it did not come: ${JSON.stringify(await ask())}`)
  }
  async function revokeOne() {
    const { one } = await newKeys(server, 'one')
    for (const api of [awake, other]) assert.equal(await api.ask(one.secret), 'accepted')
    return one
  }
  const revoke = async (id: string): Promise<string> =>
    (await server.call('POST', `/v1/keys/${id}/revoke`, { reason: 'leaked' })).body.revoked_at

  it('KEY-10: is reported as refused at all three verifiers, since a moment at which each of them refuses', async () => {
    await until(verifiers, ({ current }) => current === 3)
    const key = await revokeOne()
    const revokedAt = await revoke(key.id)
    const arrived = await until(
      () => arrival(revokedAt),
      ({ state }) => state === 'arrived',
    )
    for (const api of [awake, other]) assert.equal(await api.ask(key.secret), '401')
    assert.deepEqual([arrived.verifiers, arrived.applied, arrived.lapsed_count], [3, 3, 0])
    assert.ok(arrived.refused_since >= revokedAt)
    assert.ok(Date.parse(arrived.refused_since) <= Date.now())
  })

  it('KEY-10: waits for a paused SDK, then reports it as lapsed, and it refuses once it resumes', async () => {
    const key = await revokeOne()
    other.pause()
    const revokedAt = await revoke(key.id)
    const waiting = await until(
      () => arrival(revokedAt),
      ({ applied }) => applied === 2,
    )
    assert.equal(waiting.state, 'arriving')
    assert.equal(waiting.refused_since, null)
    assert.equal(waiting.waiting_count, 1)
    assert.ok(Date.parse(waiting.waiting[0].refuses_from) >= Date.parse(revokedAt) + BOUND_MS)
    const lapsed = await until(
      () => arrival(revokedAt),
      ({ state }) => state === 'arrived',
    )
    assert.deepEqual([lapsed.applied, lapsed.lapsed_count], [2, 1])
    assert.equal(lapsed.refused_since, lapsed.lapsed[0].refuses_from)
    other.resume()
    assert.equal(await other.ask(key.secret), '401')
    const confirmed = await until(
      () => arrival(revokedAt),
      ({ applied }) => applied === 3,
    )
    assert.deepEqual([confirmed.state, confirmed.lapsed_count], ['arrived', 0])
    assert.equal(confirmed.refused_since, lapsed.refused_since)
  })

  it('KEY-10: a killed SDK lapses; one that stops properly is off the list; a new one has looked everything up', async () => {
    const key = await revokeOne()
    await other.kill('SIGKILL')
    const revokedAt = await revoke(key.id)
    const lapsed = await until(
      () => arrival(revokedAt),
      ({ state }) => state === 'arrived',
    )
    assert.deepEqual([lapsed.verifiers, lapsed.applied, lapsed.lapsed_count], [3, 2, 1])
    other = await startApi(server.url, adminKey)
    const later = await until(
      () => arrival(revokedAt),
      ({ verifiers }) => verifiers === 4,
    )
    assert.deepEqual([later.state, later.started_later], ['arrived', 1])
    await other.kill('SIGTERM')
    await until(
      () => arrival(revokedAt),
      ({ verifiers }) => verifiers === 3,
    )
  })
})
