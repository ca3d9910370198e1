import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { ENGINE, type TestPlace, testPlace } from '../database.ts'
import { runMain, type ServerProcess, startServer } from '../server-process.ts'

const PARALLEL = 12

/** On Postgres, two processes on one database; on PGlite, which belongs to one process, the same races within it. */
describe(
  ENGINE === 'postgres' ? 'two servers on one database' : 'one server, many concurrent requests',
  () => {
    const adminKey = mintCredential('admin_key').reveal()
    let place: TestPlace
    let servers: ServerProcess[] = []
    before(async () => {
      place = await testPlace({ empty: true })
      const env = { ...place.env, DOORWARD_MAX_KEYS_PER_OWNER: '30' }
      // At once, on an empty database: one of them migrates and registers the admin key.
      const starting = Array.from({ length: ENGINE === 'postgres' ? 2 : 1 }, () => startServer(env, adminKey))
      servers = await Promise.all(starting)
    })
    after(async () => {
      for (const server of servers) assert.equal((await server.kill('SIGTERM')).code, 0)
      await place.release()
    })

    const server = (n: number): ServerProcess => {
      const found = servers[n % servers.length]
      assert.ok(found)
      return found
    }
    const all = (act: (server: ServerProcess, n: number) => ReturnType<ServerProcess['call']>) =>
      Promise.all(Array.from({ length: PARALLEL }, (_, n) => act(server(n), n)))
    const newKey = (owner_id: string) => ({ owner_id, name: 'a', environment: 'live', scopes: [] })
    const statuses = (answers: readonly { status: number }[]) =>
      Object.fromEntries(
        [...Map.groupBy(answers, (answer) => answer.status)].map(([status, of]) => [status, of.length]),
      )
    const chainIsIntact = async () =>
      assert.equal((await server(0).call('GET', '/v1/audit-events/verification')).body.intact, true)

    it('OPS-02 CON-14: started concurrently on an empty database, they migrate once and create one first admin key', async () => {
      const { body } = await server(1).call('GET', '/v1/admin-keys')
      assert.equal(body.data.length, 1)
    })

    it('MGT-15: 12 creates under one Idempotency-Key create one key, and all get the same response', async () => {
      const headers = { 'idempotency-key': 'create-12' }
      const answers = await all((to) => to.call('POST', '/v1/keys', newKey('org_idem'), headers))
      assert.deepEqual(statuses(answers), { 201: PARALLEL })
      for (const { body } of answers) assert.deepEqual(body, answers[0]?.body)
      const { body } = await server(0).call('GET', '/v1/keys?owner_id=org_idem')
      assert.equal(body.data.length, 1)
      const other = await server(1).call('POST', '/v1/keys', newKey('org_else'), headers)
      assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused'])
    })

    it('KEY-11: of 12 concurrent rotations one succeeds', async () => {
      const { body: key } = await server(0).call('POST', '/v1/keys', newKey('org_rot'))
      const answers = await all((to) => to.call('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 60 }))
      assert.deepEqual(statuses(answers), { 200: 1, 409: PARALLEL - 1 })
      const { body } = await server(1).call('GET', `/v1/keys/${key.id}`)
      assert.equal(body.secrets.length, 2)
    })

    it('MGT-15: 12 rotations under one Idempotency-Key are one, and all get the same secret', async () => {
      const { body: key } = await server(0).call('POST', '/v1/keys', newKey('org_rot'))
      const headers = { 'idempotency-key': 'rotate-12' }
      const answers = await all((to) =>
        to.call('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 60 }, headers),
      )
      assert.deepEqual(statuses(answers), { 200: PARALLEL })
      assert.equal(new Set(answers.map(({ body }) => body.secret)).size, 1)
      const { body } = await server(1).call('GET', `/v1/keys/${key.id}`)
      assert.equal(body.secrets.length, 2)
    })

    it('KEY-11: of a concurrent finish and undo one wins, and one secret stays active', async () => {
      const { body: key } = await server(0).call('POST', '/v1/keys', newKey('org_rot'))
      await server(0).call('POST', `/v1/keys/${key.id}/rotate`, {})
      const answers = await all((to, n) =>
        to.call('POST', `/v1/keys/${key.id}/rotation/${n % 2 ? 'finish' : 'undo'}`),
      )
      assert.deepEqual(statuses(answers), { 200: 1, 409: PARALLEL - 1 })
      const { body } = await server(1).call('GET', `/v1/keys/${key.id}`)
      assert.equal(body.secrets.filter((secret: { state: string }) => secret.state === 'live').length, 1)
    })

    it('KEY-17: the bound on the keys of an owner holds for concurrent creates', async () => {
      for (let n = 0; n < 25; n++) await server(n).call('POST', '/v1/keys', newKey('org_full'))
      const answers = await all((to) => to.call('POST', '/v1/keys', newKey('org_full')))
      assert.deepEqual(statuses(answers), { 201: 5, 409: PARALLEL - 5 })
    })

    it('KEY-10: a revocation by one server takes effect at the other within 5 s', async () => {
      const { body: key } = await server(0).call('POST', '/v1/keys', newKey('org_rev'))
      const isValid = async () =>
        (await server(1).call('POST', '/v1/verify', { credential: key.secret })).body.valid as boolean
      assert.equal(await isValid(), true)
      await server(0).call('POST', `/v1/keys/${key.id}/revoke`, { reason: 'leaked' })
      const revokedAt = performance.now()
      // The time of the question counts, however late its answer comes.
      for (let askedAt = revokedAt; await isValid(); askedAt = performance.now())
        assert.ok(askedAt - revokedAt < 5_000, 'valid although it was asked 5 s after the revocation')
    })

    it('AUD-04: the audit chain has no gap after these races', async () => {
      await chainIsIntact()
    })

    it('STO-04: a second process on the same directory refuses to start, and says why', async (t) => {
      if (ENGINE === 'postgres') return t.skip('servers share a Postgres')
      const { code, said } = await runMain([], { ...place.env, PORT: '0' })
      assert.equal(code, 1)
      assert.match(said, /is in use by another Doorward process/)
    })
  },
)

it('MGT-06: when all full admin keys are revoked concurrently, one stays active', async () => {
  const place = await testPlace()
  const first = mintCredential('admin_key').reveal()
  const servers = [await startServer(place.env, first)]
  if (ENGINE === 'postgres') servers.push(await startServer(place.env, first))
  const ask = (n: number, as: string, method: string, path: string, body?: unknown) => {
    const server = servers[n % servers.length]
    assert.ok(server)
    return server.call(method, path, body, { authorization: `Bearer ${as}` })
  }
  const { body } = await ask(0, first, 'GET', '/v1/admin-keys')
  const full = { name: 'full', permissions: body.data[0].permissions }
  const { body: other } = await ask(0, first, 'POST', '/v1/admin-keys', full)

  const ids = [body.data[0].id, other.id]
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, (_, n) =>
      ask(n, other.secret, 'POST', `/v1/admin-keys/${ids[n % 2]}/revoke`, { reason: 'race' }),
    ),
  )
  const odd = answers.filter(({ status }) => ![200, 401, 409].includes(status))
  assert.deepEqual(odd, [], servers.map((server) => server.output()).join(''))
  const alive = await Promise.all([first, other.secret].map((key) => ask(0, key, 'GET', '/v1/admin-keys')))
  assert.deepEqual(alive.map(({ status }) => status).sort(), [200, 401])
  for (const server of servers) await server.kill('SIGTERM')
  await place.release()
})
