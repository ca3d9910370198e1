import assert from 'node:assert/strict'
import { it, mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { mintCredential } from '../credential/credential.ts'
import { startAutopilot } from './autopilot.ts'

const MINUTE = 60_000

/** A server that knows the secret, or is away. */
function fakeServer() {
  const server = { asked: 0, isAway: false }
  const fetch = (async () => {
    server.asked++
    if (server.isAway) throw new TypeError('fetch failed')
    return Response.json({ rotation: null, auto_rotation: { due_in_seconds: 1000 } })
  }) as typeof globalThis.fetch
  return { server, fetch }
}

/** Turns the mocked clock, and lets what that started run. */
async function pass(ms: number): Promise<void> {
  for (let n = 0; n < 20; n++) await turn()
  mock.timers.tick(ms)
  for (let n = 0; n < 20; n++) await turn()
}

it('asks at the start and then every ten minutes, sooner after a failure, and not once it is closed', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const { server, fetch } = fakeServer()
  const errors: unknown[] = []
  const secret = mintCredential('api_key', { environment: 'live' })
  const store = { read: () => secret, write: () => assert.fail('nothing is due') }
  const onError = (error: unknown) => errors.push(error)
  const autopilot = await startAutopilot({ url: 'http://doorward.test', store, fetch, onError })
  await pass(0)
  assert.equal(server.asked, 1)
  await pass(8 * MINUTE)
  assert.equal(server.asked, 1)
  server.isAway = true
  await pass(4 * MINUTE)
  assert.deepEqual([server.asked, errors.length], [2, 1])
  await pass(2_000)
  await pass(3_000)
  assert.deepEqual([server.asked, errors.length], [4, 3])
  server.isAway = false
  await pass(MINUTE)
  assert.deepEqual([server.asked, errors.length], [5, 3])
  await autopilot.close()
  await pass(60 * MINUTE)
  assert.equal(server.asked, 5)
})

it('KEY-11: takes up what another process has stored, and keeps what it has while the store cannot be read', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const { fetch } = fakeServer()
  const errors: unknown[] = []
  const [first, second] = [
    mintCredential('api_key', { environment: 'live' }),
    mintCredential('api_key', { environment: 'live' }),
  ]
  let read = () => first
  const store = { read: () => read(), write: () => assert.fail('nothing is due') }
  const onError = (error: unknown) => errors.push(error)
  const autopilot = await startAutopilot({ url: 'http://doorward.test', store, fetch, onError })
  await pass(0)
  read = () => {
    throw new Error('the vault is sealed')
  }
  await pass(15_000)
  assert.equal(autopilot.current().reveal(), first.reveal())
  assert.match(String(errors), /the vault is sealed/)
  read = () => second
  await pass(15_000)
  assert.equal(autopilot.current().reveal(), second.reveal())
  await autopilot.close()
})
