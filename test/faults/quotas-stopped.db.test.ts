import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { ENGINE } from '../database.ts'
import { startPostgres } from '../postgres.ts'
import { startServer } from '../server-process.ts'
import { startApi } from './api-process.ts'
import { newKeys, verdictOf } from './keys.ts'

const QUOTA = 40
describe('a quota, and its Postgres', {
  skip: ENGINE !== 'postgres' && 'PGlite runs in the process: it cannot be away alone',
}, () => {
  it('VER-06 VER-18: stopped and resumed: no call waits for it, nothing is spent twice, and no unit too many is granted', async (t) => {
    const postgres = await startPostgres()
    t.after(() => postgres.stop())
    const adminKey = mintCredential('admin_key').reveal()
    const env = { DATABASE_URL: postgres.url, DOORWARD_LOG_LEVEL: 'silent' }
    const server = await startServer(env, adminKey)
    t.after(() => server.kill('SIGKILL'))
    const api = await startApi(server.url, adminKey)
    t.after(() => api.kill('SIGKILL'))
    const { key } = await newKeys(server, 'key')
    const limited = await server.call('PATCH', `/v1/keys/${key.id}`, {
      quota: { limit: QUOTA, period: 'month' },
    })
    assert.equal(limited.status, 200)
    const spent = async (): Promise<number> =>
      (await server.call('GET', `/v1/keys/${key.id}/quotas`)).body.data[0].spent

    const said: string[] = []
    const ask = async (asking: Promise<string>) => said.push(await asking)
    const both = () => Promise.all([ask(verdictOf(server, key)), ask(api.ask(key.secret))])
    const accepted = () => said.filter((each) => each === 'accepted').length

    for (let n = 0; n < 4; n += 1) await both()
    assert.deepEqual([accepted(), await spent()], [8, 8])

    postgres.pause()
    const waiting: Promise<unknown>[] = []
    for (let n = 0; n < 10; n += 1) {
      waiting.push(both())
      await sleep(100)
    }
    await Promise.all(waiting)
    postgres.resume()
    assert.deepEqual(new Set(said.slice(8)), new Set(['503']))

    const giveUpAtMs = performance.now() + 60_000
    while (!said.some((each) => each === '429' || each === 'quota_exceeded')) {
      await both()
      assert.ok(performance.now() < giveUpAtMs, said.slice(-10).join())
      await sleep(20)
    }
    assert.equal(await spent(), QUOTA)
    // Calls under way while it was stopped may have spent units for nothing, but not more than they asked for.
    assert.ok(accepted() <= QUOTA && accepted() >= QUOTA - 20, `${accepted()} were let in`)
    await api.kill('SIGTERM')
    assert.equal((await server.kill('SIGTERM')).code, 0)
  })
})
