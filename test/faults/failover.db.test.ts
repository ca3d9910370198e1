import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { type TestPlace, testPlace } from '../database.ts'
import { ask } from '../postgres-ask.ts'
import { type ServerProcess, startServer } from '../server-process.ts'
import { startApi } from './api-process.ts'
import { newKeys, revoke } from './keys.ts'
import { startProxy } from './proxy.ts'
import { BOUND_MS } from './witness.ts'

/** A standby: what the database was at a moment, to be written on by itself. */
interface Standby {
  readonly env: Readonly<Record<string, string>>
  release(): Promise<void>
}

/** The database as it is now; no server may have it open. */
async function copyOf({ place }: TestPlace): Promise<Standby> {
  if ('dataDir' in place) {
    const dataDir = mkdtempSync(join(tmpdir(), 'doorward-standby-'))
    cpSync(place.dataDir, dataDir, { recursive: true })
    return {
      env: { DATA_DIR: dataDir },
      release: async () => rmSync(dataDir, { recursive: true, force: true }),
    }
  }
  const url = new URL(place.databaseUrl)
  const name = url.pathname.slice(1)
  const server = new URL(url)
  server.pathname = '/postgres'
  url.pathname = `/${name}_standby`
  await ask(server.href, `create database ${name}_standby template ${name}`)
  const release = async () => void (await ask(server.href, `drop database ${name}_standby with (force)`))
  return { env: { DATABASE_URL: url.href }, release }
}

/** The standby takes over under the address of what it stood by for. */
async function takeOver({ place }: TestPlace): Promise<void> {
  assert.ok('databaseUrl' in place)
  const server = new URL(place.databaseUrl)
  const name = server.pathname.slice(1)
  server.pathname = '/postgres'
  const close = (database: string) =>
    ask(server.href, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`)
  const rename = async (from: string, to: string) => {
    for (let n = 0; ; n++)
      try {
        return await ask(server.href, `alter database ${from} rename to ${to}`)
      } catch (error) {
        // A server that runs has connected again in between.
        if (n === 200) throw error
        await close(from)
      }
  }
  await rename(name, `${name}_lost`)
  await rename(`${name}_standby`, name)
  await rename(`${name}_lost`, `${name}_standby`)
}

describe('a failover to a standby that lacks the last commits', () => {
  const adminKey = mintCredential('admin_key').reveal()
  let place: TestPlace
  let standby: Standby
  let server: ServerProcess
  let keys: Awaited<ReturnType<typeof newKeys<'revoked' | 'kept'>>>
  before(async () => {
    place = await testPlace()
    server = await startServer(place.env, adminKey)
    keys = await newKeys(server, 'revoked', 'kept')
    await server.kill('SIGTERM')
    standby = await copyOf(place)
    server = await startServer(place.env, adminKey)
  })
  after(async () => {
    await server.kill('SIGKILL')
    await standby.release()
    await place.release()
  })

  it('KEY-10: a key that was revoked since is refused by SDKs and servers that had heard what is lost', async (t) => {
    const proxy = await startProxy(server.url)
    t.after(() => proxy.close())
    const api = await startApi(`http://127.0.0.1:${proxy.port}`, adminKey)
    t.after(() => api.kill('SIGKILL'))
    const isValid = async () =>
      (await server.call('POST', '/v1/verify', { credential: keys.revoked.secret })).body.valid as boolean
    // What will be lost: three positions that the SDK and the server have heard of.
    const lost = await newKeys(server, 'a', 'b', 'c')
    for (const { secret } of [keys.revoked, keys.kept, lost.c])
      assert.equal(await api.ask(secret), 'accepted')
    assert.equal(await isValid(), true)
    const { restarts } = await api.health()
    proxy.break('cut')

    const other = await startServer(standby.env, adminKey)
    const revokedAt = await revoke(other, keys.revoked)
    await newKeys(other, 'd', 'e', 'f')
    if ('databaseUrl' in place.place) {
      await other.kill('SIGTERM')
      await takeOver(place)
    } else {
      // PGlite is one process's own: the standby's takes its place.
      await server.kill('SIGTERM')
      server = other
      proxy.leadTo(server.url)
    }
    proxy.mend()

    while ((await api.health()).restarts === restarts) {
      assert.ok(performance.now() - revokedAt < 60_000, `nothing was noticed: ${api.output()}`)
      await sleep(50)
    }
    for (let n = 0; n < (2 * BOUND_MS) / 250; n++) {
      assert.equal(await api.ask(keys.revoked.secret), '401')
      assert.equal(await isValid(), false)
      await sleep(250)
    }
    assert.equal(await api.ask(keys.kept.secret), 'accepted')
    assert.equal(await api.ask(lost.c.secret), '401', 'what was lost is not there')
    assert.match(api.output(), /another history of changes/)
    if ('databaseUrl' in place.place) assert.match(server.output(), /another history of changes/)
  })
})
