import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { mintCredential, parseCredential } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import { ENGINE, type TestPlace, testPlace } from '../database.ts'
import { eventually } from '../eventually.ts'
import { runMain, spawnMain, startServer } from '../server-process.ts'

describe('starting and stopping', () => {
  let place: TestPlace
  let directory: string
  before(async () => {
    place = await testPlace()
    directory = mkdtempSync(join(tmpdir(), 'doorward-files-'))
  })
  after(async () => {
    rmSync(directory, { recursive: true })
    await place.release()
  })

  const withDatabase = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
    const database = await openDatabase(place.place)
    try {
      return await work(database)
    } finally {
      await database.close()
    }
  }

  it('OPS-10: offers sign-in where there is a secret: the embedded database brings one, Postgres does not; ignores the variables of programs that call Doorward, and logs that', async () => {
    const adminKey = mintCredential('admin_key').reveal()
    const place = await testPlace()
    const signIn = async (env: Record<string, string>) => {
      const server = await startServer({ ...place.env, DOORWARD_LOG_LEVEL: 'info', ...env }, adminKey)
      const { status } = await fetch(`${server.url}/sign-in`, { redirect: 'manual' })
      await eventually(async () => `${server.output().includes('"listening"')}`, 'true')
      await server.kill('SIGTERM')
      return { status, said: server.output() }
    }
    const of = { DOORWARD_URL: 'http://127.0.0.1', DOORWARD_VERIFY_KEY: 'ak_x', DOORWARD_LOGIN_KEY: 'ak_x' }
    const without = await signIn(of)
    assert.equal(without.status, ENGINE === 'postgres' ? 503 : 303)
    assert.equal(/set DOORWARD_SECRET/.test(without.said), ENGINE === 'postgres')
    assert.match(without.said, /settings of programs that call Doorward are ignored/)
    for (const name of Object.keys(of)) assert.ok(without.said.includes(name), name)
    assert.ok(!without.said.includes('ak_x'))
    const secret = 'a secret of the test, of 32 bytes and more'
    const configured = await signIn({ DOORWARD_SECRET: secret, PUBLIC_URL: 'http://0.0.0.0:4000' })
    assert.equal(configured.status, 303)
    assert.match(configured.said, /without TLS/)
    assert.match(configured.said, /nobody reaches this server .*set PUBLIC_URL/)
    assert.ok(!configured.said.includes(secret))
    if ('dataDir' in place.place) {
      const path = join(place.place.dataDir, 'doorward.secret')
      assert.equal(statSync(path).mode & 0o777, 0o600)
      assert.ok(!without.said.includes(readFileSync(path, 'utf8').trim()))
    }
    await place.release()
  })

  it('shows pending migrations without applying them', async () => {
    const empty = await testPlace({ empty: true })
    const dry = await runMain(['migrate', '--dry-run'], { ...empty.env })
    assert.match(dry.said, /Would apply: 0001-foundation/)
    assert.match((await runMain(['migrate'], { ...empty.env })).said, /Applied: 0001-foundation/)
    assert.match((await runMain(['migrate'], { ...empty.env })).said, /up to date/)
    await empty.release()
  })

  it('OPS-02: refuses a database of a newer version, and says what to do', async () => {
    const name = '9999-from-the-future'
    await withDatabase(({ db }) =>
      sql`insert into kysely_migration (name, timestamp) values (${name}, 'now')`.execute(db),
    )
    const { code, said } = await runMain([], { ...place.env, PORT: '0' })
    assert.equal(code, 1)
    assert.match(said, /migrated by a newer Doorward \(9999-from-the-future\)/)
    await withDatabase(({ db }) => sql`delete from kysely_migration where name = ${name}`.execute(db))
  })

  it('OPS-03: a failed migration leaves nothing behind and can be run again', async () => {
    const empty = await testPlace({ empty: true })
    const database = await openDatabase(empty.place)
    await sql`create table usage (in_the_way int)`.execute(database.db)
    await assert.rejects(migrate(database), /failed and was rolled back/)
    const tables = await sql<{ n: number }>`
      select count(*)::int as n from pg_tables where schemaname = 'public' and tablename not like 'kysely%'`.execute(
      database.db,
    )
    assert.equal(tables.rows[0]?.n, 1)
    await sql`drop table usage`.execute(database.db)
    assert.equal((await migrate(database))[0], '0001-foundation')
    await database.close()
    await empty.release()
  })

  it('OPS-04: on SIGTERM answers the requests under way, writes the counted usage, and exits with 0', async () => {
    const adminKey = mintCredential('admin_key').reveal()
    const server = await startServer(place.env, adminKey)
    const asked = { owner_id: 'org_stop', name: 'a', environment: 'live', scopes: [] }
    const { body: key } = await server.call('POST', '/v1/keys', asked)
    assert.equal((await server.call('POST', '/v1/verify', { credential: key.secret })).body.valid, true)
    const underWay = server.call('POST', '/v1/keys', asked)
    await server.call('GET', '/livez')
    const [{ status }, { code }] = await Promise.all([underWay, server.kill('SIGTERM')])
    assert.deepEqual([status, code], [201, 0])
    await withDatabase(async ({ db }) => {
      const [row] = await db
        .selectFrom('usage_minutes')
        .select('count')
        .where('credential_id', '=', 'all')
        .execute()
      assert.equal(Number(row?.count), 1)
    })
  })

  it('OPS-04: after SIGTERM reports that it is not ready, and still answers until a second signal', async () => {
    const adminKey = mintCredential('admin_key').reveal()
    const env = { ...place.env, DOORWARD_DRAIN_SECONDS: '120' }
    const server = await startServer(
      env,
      (await runMain(['admin-key'], place.env)).said.trim().split('\n').at(-1) ?? adminKey,
    )
    const stopped = server.kill('SIGTERM')
    const ready = async () => String((await server.call('GET', '/readyz')).status)
    await eventually(ready, '503')
    assert.equal((await server.call('GET', '/readyz')).body.code, 'stopping')
    assert.equal((await server.call('GET', '/livez')).status, 200)
    assert.equal((await server.call('GET', '/v1/keys?limit=1')).status, 200)
    void server.kill('SIGTERM')
    assert.deepEqual(await stopped, { code: 0, signal: null })
  })

  it('OPS-10: reports a port in use in one sentence, and mints no admin key that would never be shown', async () => {
    const fresh = await testPlace()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const { code, said } = await runMain([], {
      ...fresh.env,
      PORT: String(port),
      DOORWARD_LOG_LEVEL: 'debug',
    })
    assert.equal(code, 1)
    assert.ok(
      said.includes(`Port ${port} is in use. Stop what listens there, or choose another: PORT=`),
      said,
    )
    assert.doesNotMatch(said, /first admin key|\n {4}at |has already been destroyed/)
    taken.close()
    const listening = spawnMain([], { ...fresh.env, PORT: String(port), DOORWARD_LOG_LEVEL: 'info' })
    const shown = async () => String(/Your first admin key[\s\S]*\n {4}ak_/.test(listening.said()))
    await eventuallyStarted(shown)
    assert.ok(listening.said().indexOf('"listening"') > 0)
    listening.kill('SIGTERM')
    await once(listening, 'close')
    await fresh.release()
  })

  const misfits: [what: string, env: Record<string, string>, code: number, words: RegExp][] = [
    [
      'a missing catalogue file',
      { DOORWARD_CATALOGUE: '/nowhere/a.json' },
      2,
      /DOORWARD_CATALOGUE: \/nowhere\/a\.json cannot/,
    ],
    [
      'the address of another machine',
      { HOST: '192.0.2.1' },
      1,
      /HOST: 192\.0\.2\.1 is not an address of this machine/,
    ],
  ]
  for (const [what, env, expected, words] of misfits)
    it(`OPS-10: ${what} is reported as such, not as a failure of the database`, async () => {
      const { code, said } = await runMain([], { ...place.env, PORT: '0', ...env })
      assert.equal(code, expected, said)
      assert.match(said, words)
      assert.doesNotMatch(said, /database does not answer/)
    })

  it('OPS-10: names a data directory that cannot be used', {
    skip: ENGINE !== 'pglite' && 'Postgres has none',
  }, async () => {
    const { code, said } = await runMain([], { DATA_DIR: '/etc/passwd', PORT: '0' })
    assert.equal(code, 1)
    assert.match(said, /DATA_DIR: \/etc\/passwd is not a usable directory/)
  })

  it('OPS-10: reports an unreachable database, and says what to do', {
    skip: ENGINE !== 'postgres' && 'PGlite makes its own',
  }, async () => {
    const url = new URL(place.env.DATABASE_URL ?? '')
    url.pathname = '/nowhere'
    const { code, said } = await runMain([], { DATABASE_URL: url.href, PORT: '0' })
    assert.equal(code, 1)
    assert.match(said, /database "nowhere" does not exist\nCreate the database \(createdb\)/)
  })

  it('replaces a lost admin key from the command line, and records that in the audit log', async () => {
    const { code, said } = await runMain(['admin-key'], place.env)
    assert.equal(code, 0)
    const secret = said.trim().split('\n').at(-1) ?? ''
    assert.equal(parseCredential(secret)?.kind, 'admin_key')
    const server = await startServer(place.env, secret)
    const { body } = await server.call('GET', '/v1/audit-events?action=admin_key.created&limit=1')
    assert.equal(body.data[0].actor.kind, 'system')
    await server.kill('SIGTERM')
  })

  it('AUD-04: a command verifies the audit chain and names the first broken row', async () => {
    const intact = await runMain(['verify-audit'], place.env)
    assert.equal(intact.code, 0)
    assert.match(intact.said, /The chain is intact: \d+ events, head [0-9a-f]{64}/)
    await withDatabase(async ({ db }) => {
      await sql`alter table audit_events disable trigger all`.execute(db)
      await sql`update audit_events set ip = '6.6.6.6' where seq = 2`.execute(db)
    })
    const broken = await runMain(['verify-audit'], place.env)
    assert.equal(broken.code, 1)
    assert.match(broken.said, /broken at event 2 \(evt_\w+\): the row was altered/)
  })

  it('declares the catalogue from a file at every start; refuses a broken file with its faults', async () => {
    const file = join(directory, 'scopes.json')
    const content = { scopes: [{ name: 'files:read', description: 'See your files' }] }
    writeFileSync(file, JSON.stringify(content))
    const adminKey = (await runMain(['admin-key'], place.env)).said.trim().split('\n').at(-1) ?? ''
    const events = []
    for (let n = 0; n < 2; n++) {
      const server = await startServer({ ...place.env, DOORWARD_CATALOGUE: file }, adminKey)
      const { body } = await server.call('GET', '/v1/audit-events?target_id=files:read')
      events.push(body.data.length)
      await server.kill('SIGTERM')
    }
    assert.deepEqual(events, [1, 1])
    writeFileSync(file, JSON.stringify({ scopes: [{ name: 'Files Read', colour: 'red' }] }))
    const { code, said } = await runMain([], { ...place.env, DOORWARD_CATALOGUE: file, PORT: '0' })
    assert.equal(code, 2)
    assert.match(said, /is not a valid catalogue:[\s\S]*\/scopes\/0/)
  })
})

/** Generous, because a first start creates the database. */
async function eventuallyStarted(done: () => Promise<string>): Promise<void> {
  for (let n = 0; n < 12 && (await done()) !== 'true'; n++) await eventually(done, 'true').catch(() => {})
  assert.equal(await done(), 'true')
}
