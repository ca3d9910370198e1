import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import { type RawBuilder, sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'

/** Rows that the server did not write so. `row` is a key's id, or the hash of a token. */
const BROKEN: [name: string, row: 'key' | 'token', how: (row: string) => RawBuilder<unknown>][] = [
  [
    'an allow-list that holds no addresses',
    'key',
    (id) => sql`update keys set ip_allowlist = '{"hunter2"}' where id = ${id}`,
  ],
  [
    'a rate limit that is not a list',
    'key',
    (id) => sql`update keys set rate_limits = '"hunter2"' where id = ${id}`,
  ],
  [
    'an end that is no moment',
    'key',
    (id) => sql`update secrets set expires_at = 'infinity' where holder_id = ${id}`,
  ],
  [
    'a line break at the end of its fields',
    'key',
    (id) => sql`update keys set scopes = array[${'orders:read\nhunter2'}] where id = ${id}`,
  ],
  [
    'a line break before the last field',
    'key',
    (id) => sql`update keys set environment = ${'live\nhunter2'} where id = ${id}`,
  ],
  [
    'a line break, and what looks like a place out of reach',
    'key',
    (id) => sql`update keys set scopes = array[${'orders:read\n999\thunter2'}] where id = ${id}`,
  ],
  ['a tab', 'key', (id) => sql`update keys set environment = ${'live\thunter2'} where id = ${id}`],
  [
    'an end of a token that is no moment',
    'token',
    (hash) => sql`update access_tokens set expires_at = 'infinity' where hash = decode(${hash}, 'hex')`,
  ],
]

describe('a stored row that cannot be read', () => {
  let app: TestApp
  let clientId: string
  before(async () => {
    app = await openTestApp()
    await app.keyFor('org_1')
    const own = { grant_types: ['client_credentials'], redirect_uris: [], scopes: [] }
    const client = await app.clientFor('org_1', { ...own, client_credentials_scopes: ['orders:read'] })
    clientId = client.client_id
  })
  after(() => app.close())

  async function tokenHash(): Promise<string> {
    const hash = hashCredential(mintCredential('access_token', { environment: 'live' }).reveal())
    await sql`
      insert into access_tokens (hash, client_id, environment, scopes, resources, created_at, expires_at)
      values (decode(${hash}, 'hex'), ${clientId}, 'live', '{orders:read}', '{}', ${app.clock.now()}, '2030-06-01')
    `.execute(app.db)
    return hash
  }

  for (const [name, row, how] of BROKEN)
    it(`VER-18: ${name} affects no other credential`, async () => {
      const [left, right] = [await app.keyFor('org_1'), await app.keyFor('org_1')]
      const key = await app.keyFor('org_1')
      const token = await tokenHash()
      const bad = row === 'key' ? hashCredential(key.secret) : token
      const good = [hashCredential(left.secret), row === 'key' ? token : hashCredential(key.secret)]
      const unknown = hashCredential(`nothing ${name}`)
      await how(row === 'key' ? key.id : token).execute(app.db)
      const logged = app.log().length

      const hashes = [...good, bad, unknown, hashCredential(right.secret)]
      const { status, body } = await app.call('POST', '/v1/lookups', { hashes })
      const kinds = body.data.map(({ record }: { record: { kind?: string } | string | null }) =>
        typeof record === 'object' ? (record?.kind ?? null) : record,
      )
      const others = row === 'key' ? ['api_key', 'access_token'] : ['api_key', 'api_key']
      assert.deepEqual([status, ...kinds], [200, ...others, 'unreadable', null, 'api_key'])

      const verdicts = await Promise.all(
        hashes.map((hash) => app.call('POST', '/v1/verify', { credential_sha256: hash })),
      )
      assert.deepEqual(
        verdicts.map((verdict) => [verdict.status, verdict.body.valid]),
        [
          [200, true],
          [200, true],
          [503, undefined],
          [200, false],
          [200, true],
        ],
      )

      const lines = app.log().slice(logged).split('\n')
      const told = lines.filter((line) => line.includes('"a stored credential cannot be read"'))
      assert.equal(told.length, 1, 'said once, though it was asked for twice')
      assert.ok(told[0]?.includes(bad.slice(0, 12)) && !told[0].includes(bad))
      assert.ok(lines.every((line) => !line.includes('hunter2')))
    })
})
