import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { ENGINE } from '../database.ts'
import { startPostgres } from '../postgres.ts'
import { startServer } from '../server-process.ts'
import { startApi } from './api-process.ts'
import { countsExactly, newKeys, revoke, verdictOf } from './keys.ts'
import { startProxy } from './proxy.ts'
import { BOUND_MS, Witness } from './witness.ts'

/** Longer than the bound, and than the ten seconds after which a statement is cancelled. */
const STOPPED_MS = 12_000

describe('two servers and an SDK, and their Postgres', {
  skip: ENGINE !== 'postgres' && 'PGlite runs in the process: it cannot be away alone',
  concurrency: true,
}, () => {
  for (const [how, breakIt, mend] of [
    ['stopped and resumed', 'pause', 'resume'],
    ['killed and restarted', 'kill', 'start'],
  ] as const)
    it(`VER-18 KEY-10 OPS-05: ${how}: no revoked key is accepted past the bound, nothing is counted twice, and all recover by themselves`, async (t) => {
      const postgres = await startPostgres()
      t.after(() => postgres.stop())
      const { first, second, api, keys, witnesses, at } = await scene(t, postgres.url, postgres.url)

      const revokedAt = await revoke(first, keys.revoked)
      const revokedLate = revoke(first, keys.underWay)
      await postgres[breakIt]()
      const brokenAt = performance.now()
      await sleep(BOUND_MS)
      const boundAt = performance.now()
      await Promise.all(at('kept').map((witness) => witness.hears('503')))
      await sleep(Math.max(0, brokenAt + STOPPED_MS - performance.now()))
      const mending = performance.now()
      await postgres[mend]()

      const revokedLateAt = await revokedLate
      await Promise.all(at('kept').map((witness) => witness.hears('accepted')))
      await Promise.all(at('revoked').map((witness) => witness.hearsAfterBound(revokedAt)))
      await Promise.all(at('underWay').map((witness) => witness.hearsAfterBound(revokedLateAt)))
      await Promise.all(witnesses.map((witness) => witness.dismiss()))

      for (const witness of at('revoked')) witness.neverAcceptedAfter(revokedAt)
      for (const witness of at('underWay')) witness.neverAcceptedAfter(revokedLateAt)
      for (const witness of at('kept'))
        assert.deepEqual(witness.saidBetween(boundAt, mending), new Set(['503']))
      assert.deepEqual(
        witnesses.flatMap((witness) => witness.oddities),
        [],
      )
      const accepted = at('kept').reduce((sum, witness) => sum + witness.accepted, 0)
      await countsExactly(second, keys.kept, accepted)
      const { body: chain } = await first.call('GET', '/v1/audit-events/verification')
      assert.equal(chain.intact, true)
      await api.kill('SIGTERM')
      for (const server of [first, second]) assert.equal((await server.kill('SIGTERM')).code, 0)
    })

  for (const [how, fault] of [
    ['are cut, and new ones refused', 'cut'],
    ['are held open without an answer, for good', 'silent'],
  ] as const)
    it(`KEY-10 VER-18: when the connections of one server to it ${how}, that server accepts nothing revoked past the bound, and recovers`, async (t) => {
      const postgres = await startPostgres()
      t.after(() => postgres.stop())
      const proxy = await startProxy(postgres.url)
      t.after(() => proxy.close())
      const behindProxy = new URL(postgres.url)
      behindProxy.port = String(proxy.port)
      const { first, second, keys, witnesses, at } = await scene(t, postgres.url, behindProxy.href)

      proxy.break(fault)
      const brokenAt = performance.now()
      const revokedAt = await revoke(first, keys.revoked)
      await sleep(Math.max(0, brokenAt + BOUND_MS - performance.now()))
      const boundAt = performance.now()
      await Promise.all(at('kept').map((witness) => witness.hears('503')))
      await sleep(Math.max(0, brokenAt + STOPPED_MS - performance.now()))
      proxy.mend()
      const mendedAt = performance.now()

      await Promise.all(at('kept').map((witness) => witness.hears('accepted')))
      const revokedLateAt = await revoke(first, keys.underWay)
      await Promise.all(at('revoked').map((witness) => witness.hearsAfterBound(revokedAt)))
      await Promise.all(at('underWay').map((witness) => witness.hearsAfterBound(revokedLateAt)))
      await Promise.all(witnesses.map((witness) => witness.dismiss()))

      for (const witness of at('revoked')) witness.neverAcceptedAfter(revokedAt)
      for (const witness of at('underWay')) witness.neverAcceptedAfter(revokedLateAt)
      for (const witness of at('kept'))
        assert.deepEqual(witness.saidBetween(boundAt, mendedAt), new Set(['503']))
      const accepted = at('kept').reduce((sum, witness) => sum + witness.accepted, 0)
      await countsExactly(second, keys.kept, accepted)
    })
})

/** Three keys; each is verified repeatedly at the second server and at an API behind it. */
async function scene(t: { after(end: () => unknown): void }, firstUrl: string, secondUrl: string) {
  const adminKey = mintCredential('admin_key').reveal()
  const first = await startServer({ DATABASE_URL: firstUrl, DOORWARD_LOG_LEVEL: 'silent' }, adminKey)
  t.after(() => first.kill('SIGKILL'))
  const second = await startServer({ DATABASE_URL: secondUrl, DOORWARD_LOG_LEVEL: 'silent' }, adminKey)
  t.after(() => second.kill('SIGKILL'))
  const api = await startApi(second.url, adminKey)
  t.after(() => api.kill('SIGKILL'))
  const keys = await newKeys(first, 'kept', 'revoked', 'underWay')
  const witnessesOf = new Map(
    Object.entries(keys).map(([name, key]) => [
      name,
      [new Witness(() => verdictOf(second, key)), new Witness(() => api.ask(key.secret))],
    ]),
  )
  const witnesses = [...witnessesOf.values()].flat()
  t.after(() => Promise.all(witnesses.map((witness) => witness.dismiss())))
  await Promise.all(witnesses.map((witness) => witness.hears('accepted')))
  const at = (name: keyof typeof keys): readonly Witness[] => witnessesOf.get(name) ?? []
  return { first, second, api, keys, witnesses, at }
}
