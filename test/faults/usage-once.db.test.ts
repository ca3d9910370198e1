import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { type TestPlace, testPlace } from '../database.ts'
import { type ServerProcess, startServer } from '../server-process.ts'
import { type ApiProcess, startApi } from './api-process.ts'
import { countOf, countsExactly, type Key, newKeys } from './keys.ts'
import { type FaultyProxy, startProxy } from './proxy.ts'

const BATCHES = '/v1/usage-batches'
const HIT_WITHIN_MS = 60_000

/** Each batch goes through a proxy that injects a fault. */
describe('verifications that an SDK counts', { concurrency: true }, () => {
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

  interface Scene {
    readonly key: Key
    readonly proxy: FaultyProxy
    start(): Promise<ApiProcess>
  }
  type Ends = { after(end: () => unknown): void }
  async function scene(t: Ends, from: ServerProcess): Promise<Scene> {
    const { key } = await newKeys(from, 'key')
    const proxy = await startProxy(from.url)
    t.after(() => proxy.close())
    const start = async () => {
      const api = await startApi(`http://127.0.0.1:${proxy.port}`, adminKey)
      t.after(() => api.kill('SIGKILL'))
      return api
    }
    return { key, proxy, start }
  }

  async function use(api: ApiProcess, { secret }: Key, times: number): Promise<void> {
    const answers = await Promise.all(Array.from({ length: times }, () => api.ask(secret)))
    assert.deepEqual(new Set(answers), new Set(['accepted']))
  }

  /** Waits until the fault has taken effect this often. */
  async function struck(proxy: FaultyProxy, times = 1): Promise<void> {
    const tooLong = AbortSignal.timeout(HIT_WITHIN_MS)
    const over = new Promise<never>((_, reject) =>
      tooLong.addEventListener('abort', () => reject(new Error('no batch was sent'))),
    )
    while (proxy.hits < times) await Promise.race([proxy.nextHit(), over])
  }

  it('OPS-05: a batch whose answer is lost three times counts once', async (t) => {
    const { key, proxy, start } = await scene(t, server)
    const api = await start()
    proxy.break('answers lost', BATCHES)
    await use(api, key, 40)
    await struck(proxy, 3)
    assert.equal(await countOf(server, key), 40)
    proxy.mend()
    await use(api, key, 5)
    await countsExactly(server, key, 45)
    await api.kill('SIGTERM')
    assert.equal(await countOf(server, key), 45)
  })

  it('OPS-05: an SDK that is killed before its batch is acknowledged does not count it again', async (t) => {
    const { key, proxy, start } = await scene(t, server)
    const api = await start()
    proxy.break('answers lost', BATCHES)
    await use(api, key, 40)
    await struck(proxy)
    await api.kill('SIGKILL')
    proxy.mend()
    const again = await start()
    await use(again, key, 30)
    await again.kill('SIGTERM')
    await countsExactly(server, key, 70)
  })

  it('OPS-05: a batch that was cut when its SDK was killed counts nothing, and the next counts in full', async (t) => {
    const { key, proxy, start } = await scene(t, server)
    const api = await start()
    proxy.break('half sent', BATCHES)
    await use(api, key, 40)
    await struck(proxy)
    await api.kill('SIGKILL')
    proxy.mend()
    const again = await start()
    await use(again, key, 30)
    await again.kill('SIGTERM')
    await countsExactly(server, key, 30)
  })

  it('OPS-05: a batch counts once when the server is killed while it arrives and starts again', async (t) => {
    const ownPlace = await testPlace()
    t.after(() => ownPlace.release())
    const first = await startServer(ownPlace.env, adminKey)
    t.after(() => first.kill('SIGKILL'))
    const { key, proxy, start } = await scene(t, first)
    const api = await start()
    proxy.break('answers lost', BATCHES)
    await use(api, key, 40)
    await struck(proxy)
    await first.kill('SIGKILL')
    const second = await startServer(ownPlace.env, adminKey)
    t.after(() => second.kill('SIGKILL'))
    proxy.mend()
    proxy.leadTo(second.url)
    await countsExactly(second, key, 40)
    await use(api, key, 30)
    await api.kill('SIGTERM')
    await countsExactly(second, key, 70)
  })
})
