import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { ENGINE } from '../database.ts'
import { startPostgres } from '../postgres.ts'
import { startServer } from '../server-process.ts'

const RECOVERED_WITHIN_MS = 60_000

describe('a database that is down', {
  skip: ENGINE !== 'postgres' && 'PGlite runs in the process: it cannot be down alone',
}, () => {
  for (const [how, breakIt, mend] of [
    ['stopped without a close of its connections', 'pause', 'resume'],
    ['killed', 'kill', 'start'],
  ] as const)
    it(`VER-18 OPS-06: ${how}, it causes 503 with Retry-After and never an acceptance, and service recovers afterwards`, async () => {
      const postgres = await startPostgres()
      const adminKey = mintCredential('admin_key').reveal()
      const server = await startServer({ DATABASE_URL: postgres.url }, adminKey)
      const asked = { owner_id: 'org_1', name: 'a', environment: 'live', scopes: [] }
      const { body: key } = await server.call('POST', '/v1/keys', asked)
      await postgres[breakIt]()

      const answers = await Promise.all([
        server.call('GET', '/v1/keys'),
        server.call('POST', '/v1/keys', asked),
        server.call('POST', '/v1/verify', { credential: key.secret }),
        server.call('GET', '/readyz'),
      ])
      for (const { status, body } of answers) {
        assert.deepEqual([status, body.code], [503, 'database_unavailable'])
        assert.equal(body.valid, undefined)
      }
      assert.equal((await server.call('GET', '/livez')).status, 200)
      const raw = await fetch(`${server.url}/readyz`)
      assert.ok(Number(raw.headers.get('retry-after')) >= 1)
      assert.ok(!/postgres|ECONN|timeout/i.test(await raw.text()), 'no internals')

      await postgres[mend]()
      const giveUpAt = Date.now() + RECOVERED_WITHIN_MS
      let verdict = await server.call('POST', '/v1/verify', { credential: key.secret })
      while (verdict.status !== 200 && Date.now() < giveUpAt) {
        await sleep(200)
        verdict = await server.call('POST', '/v1/verify', { credential: key.secret })
      }
      assert.equal(verdict.body.valid, true)
      assert.equal((await server.call('POST', '/v1/keys', asked)).status, 201)
      assert.equal((await server.kill('SIGTERM')).code, 0)
      await postgres.stop()
    })
})
