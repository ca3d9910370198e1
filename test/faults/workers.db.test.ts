import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { CONNECTIONS } from '../../src/db/open.ts'
import { ENGINE, type TestPlace, testPlace } from '../database.ts'
import { endAtExit } from '../left-behind.ts'
import { ask } from '../postgres-ask.ts'
import { runMain, type ServerProcess, startServer } from '../server-process.ts'
import { countsExactly, type Key, newKeys } from './keys.ts'

const WITHIN_MS = 60_000
const BOUND_MS = 5_000

interface Line {
  readonly msg: string
  readonly worker?: number
  readonly pid?: number
  readonly path?: string
}

describe('several workers', {
  skip: ENGINE !== 'postgres' && 'the embedded database belongs to one process',
}, () => {
  const adminKey = mintCredential('admin_key').reveal()
  let place: TestPlace
  let server: ServerProcess
  before(async () => {
    place = await testPlace()
    server = await start()
  })
  after(async () => {
    await server.kill('SIGKILL')
    await place.release()
  })

  async function start(): Promise<ServerProcess> {
    const started = await startServer({ ...place.env, WORKERS: '2', DOORWARD_LOG_LEVEL: 'debug' }, adminKey)
    await until(() => linesOf(started, 'listening').length === 2)
    // A failed test must not leave a worker behind.
    const forget = pidsOf(started).map((pid) => endAtExit(() => isAlive(pid) && process.kill(pid, 'SIGKILL')))
    return { ...started, kill: (signal) => started.kill(signal).finally(() => forget.map((each) => each())) }
  }

  const linesOf = (of: ServerProcess, msg: string): Line[] =>
    of
      .output()
      .split('\n')
      .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as Line] : []))
      .filter((line) => line.msg === msg)
  const pidsOf = (of: ServerProcess) => linesOf(of, 'a worker starts').flatMap(({ pid }) => pid ?? [])
  /** The workers that have answered a request to this path. */
  const answering = (of: ServerProcess, path: string) =>
    new Set(linesOf(of, 'request completed').flatMap((line) => (line.path === path ? [line.worker] : [])))

  /** Uses a new connection each time, because connections are distributed among the workers. */
  const verify = (of: ServerProcess, { secret }: Key): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
      const asked = { method: 'POST', headers, agent: false, timeout: 60_000 }
      const sent = request(`${of.url}/v1/verify`, asked, async (answer: IncomingMessage) => {
        const { valid } = JSON.parse(Buffer.concat(await answer.toArray()).toString())
        resolve(answer.statusCode === 200 ? String(valid) : String(answer.statusCode))
      })
      sent.on('error', reject).on('timeout', () => sent.destroy(new Error('no answer')))
      sent.end(JSON.stringify({ credential: secret }))
    })
  const verifyTimes = async (of: ServerProcess, key: Key, times: number) => {
    const said = await Promise.all(Array.from({ length: times }, () => verify(of, key)))
    return [...new Set(said)].sort().join(' ')
  }

  it('both answer, and each is healthy', async () => {
    const { key } = await newKeys(server, 'key')
    assert.equal(await verifyTimes(server, key, 20), 'true')
    await until(() => answering(server, '/v1/verify').size === 2)
    for (const path of ['/livez', '/readyz'])
      for (let n = 0; n < 4; n++) assert.equal((await fetch(server.url + path)).status, 200)
  })

  it('KEY-10: a key that one worker revokes is refused by the other, for good', async () => {
    const { key } = await newKeys(server, 'key')
    assert.equal(await verifyTimes(server, key, 20), 'true')
    await server.call('POST', `/v1/keys/${key.id}/revoke`, { reason: 'leaked' })
    const revokedAt = performance.now()
    // The time of the question counts, however late its answer comes.
    for (
      let askedAt = revokedAt;
      (await verifyTimes(server, key, 8)) !== 'false';
      askedAt = performance.now()
    )
      assert.ok(askedAt - revokedAt < BOUND_MS, 'accepted although it was asked 5 s after the revocation')
    assert.equal(await verifyTimes(server, key, 20), 'false')
  })

  it('OPS-04: on SIGTERM both write their counted usage, no worker is left, and the primary exits with 0', async () => {
    const other = await start()
    const { key } = await newKeys(other, 'key')
    assert.equal(await verifyTimes(other, key, 40), 'true')
    const pids = pidsOf(other)
    assert.equal(pids.length, 2)
    assert.deepEqual(await other.kill('SIGTERM'), { code: 0, signal: null })
    assert.deepEqual(pids.filter(isAlive), [])
    await countsExactly(server, key, 40)
  })

  it('OPS-05: the service stays up when a worker is killed, and a new worker replaces it', async () => {
    const { key } = await newKeys(server, 'key')
    const [pid = 0] = pidsOf(server)
    process.kill(pid, 'SIGKILL')
    await until(() => linesOf(server, 'a worker ended by itself').length === 1)
    // Requests do not wait for the replacement: the remaining worker answers.
    assert.equal(await verifyTimes(server, key, 8), 'true')
    await until(() => linesOf(server, 'listening').length === 3)
    const pids = pidsOf(server)
    assert.equal(linesOf(server, 'listening')[2]?.worker, 1)
    assert.equal(pids.length, 3)
    assert.equal(await verifyTimes(server, key, 20), 'true')
    // The new worker refuses what was revoked before it started, and is notified of what is revoked now.
    await server.call('POST', `/v1/keys/${key.id}/revoke`, { reason: 'leaked' })
    await until(async () => (await verifyTimes(server, key, 8)) === 'false')
    // A worker that another process asked to end is replaced too.
    process.kill(pids[2] ?? 0, 'SIGTERM')
    await until(() => linesOf(server, 'listening').length === 4)
  })

  it('the workers end when their primary is killed', async () => {
    const other = await start()
    const pids = pidsOf(other)
    await other.kill('SIGKILL')
    await until(() => pids.every((pid) => !isAlive(pid)))
  })

  it('the workers divide the connections to Postgres', async () => {
    const lists = Array.from({ length: 100 }, () => server.call('GET', '/v1/keys'))
    const statuses = new Set((await Promise.all(lists)).map(({ status }) => status))
    // On a busy machine some wait for too long.
    statuses.delete(503)
    assert.deepEqual([...statuses], [200])
    const { rows } = await ask(
      place.env.DATABASE_URL ?? '',
      "select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name like 'doorward%' and application_name <> 'doorward listen'",
    )
    assert.ok(rows[0].n > 2 && rows[0].n <= CONNECTIONS, `${rows[0].n} connections`)
  })

  it('a port in use stops the start, and the reason is reported once', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const { code, said } = await runMain([], { ...place.env, WORKERS: '2', PORT: String(port) })
    taken.close()
    assert.equal(code, 1)
    assert.equal(said.match(/Port \d+ is in use/g)?.length, 1, said)
    assert.match(said, /The first worker did not come to listen/)
  })
})

it('OPS-10: refuses more than one worker on the embedded database, and an invalid number of workers', async () => {
  const embedded = await runMain([], { DATA_DIR: '/nowhere', WORKERS: '2' })
  assert.equal(embedded.code, 2)
  assert.match(embedded.said, /WORKERS above 1 needs a Postgres in DATABASE_URL/)
  for (const WORKERS of ['0', '65', 'many'])
    assert.match(
      (await runMain([], { DATABASE_URL: 'postgres://x', WORKERS })).said,
      /WORKERS must be a whole number from 1 to 64/,
    )
})

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + WITHIN_MS
  while (!(await done())) {
    assert.ok(performance.now() < giveUpAt, 'it does not come')
    await sleep(20)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
