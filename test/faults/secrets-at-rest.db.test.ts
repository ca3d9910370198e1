import assert from 'node:assert/strict'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { openDatabase } from '../../src/db/open.ts'
import { hiddenFields, openJar } from '../cookie-jar.ts'
import { testPlace } from '../database.ts'
import { eventually } from '../eventually.ts'
import { startServer } from '../server-process.ts'

const KEYS = 50
const SECRET = { DOORWARD_SECRET: 'a secret of the test, of 32 bytes and more' }

/** The encodings in which a secret could be stored: whole, and its body alone, plain, hex and base64. */
function spellings(secret: string): string[] {
  const body = secret.slice(secret.lastIndexOf('_') + 1)
  return [secret, body].flatMap((text) => {
    const bytes = Buffer.from(text)
    // In base64 of a longer text the secret can begin at any of three offsets; its middle stays recognisable.
    const shifted = [0, 1, 2].map((n) =>
      Buffer.concat([Buffer.alloc(n), bytes])
        .toString('base64')
        .slice(4, -4),
    )
    return [text, bytes.toString('hex'), bytes.toString('base64url').slice(0, -2), ...shifted]
  })
}

describe('secrets at rest', () => {
  it('STO-01 KEY-06 AUD-03: neither the database nor the log at its lowest level holds a secret', async () => {
    const place = await testPlace()
    const adminKey = mintCredential('admin_key').reveal()
    const server = await startServer({ ...place.env, DOORWARD_LOG_LEVEL: 'trace', ...SECRET }, adminKey)
    const secrets = [adminKey, SECRET.DOORWARD_SECRET]
    for (let n = 0; n < KEYS; n++) {
      const headers = n % 2 === 0 ? { 'idempotency-key': `create-${n}` } : {}
      const asked = { owner_id: `org_${n % 3}`, name: `key ${n}`, environment: 'live', scopes: [] }
      const { body: key } = await server.call('POST', '/v1/keys', asked, headers)
      secrets.push(key.secret)
      const rotated = n % 5 === 0 ? await server.call('POST', `/v1/keys/${key.id}/rotate`, {}) : null
      if (rotated !== null) secrets.push(rotated.body.secret)
      await server.call('POST', '/v1/verify', { credential: key.secret })
      await server.call('POST', '/v1/keys/lookup', { secret: key.secret })
    }
    const app = { name: 'an app', type: 'confidential', redirect_uris: ['https://app.example/cb'] }
    const { body: client } = await server.call('POST', '/v1/clients', app, { 'idempotency-key': 'register' })
    const { body: renewed } = await server.call('POST', `/v1/clients/${client.client_id}/rotate`, {})
    secrets.push(client.client_secret, renewed.client_secret)
    const { body: other } = await server.call('POST', '/v1/admin-keys', {
      name: 'a',
      permissions: ['verify'],
    })
    secrets.push(other.secret)
    const password = 'twoBrownOwlsTapTwice'
    const ann = { email: 'ann@acme.example', name: 'Ann', password }
    await server.call('POST', '/v1/users', ann)
    const invited = await server.call('POST', '/v1/users', { email: 'bo@acme.example', name: 'Bo' })
    const jar = openJar(server.url)
    const form = await jar.follow(await jar.get('/sign-in'))
    assert.equal((await jar.submit(form, { ...ann, password: `${password}Wrong` })).status, 401)
    assert.equal((await jar.submit(form, ann)).status, 303)
    secrets.push(password, invited.body.password_link.url.split('=')[1], ...jar.cookies.values())
    secrets.push(hiddenFields(form.text).login_challenge ?? '')
    // Secrets in the wrong place are refused, and must not be stored.
    const [stray = ''] = secrets.slice(2)
    for (const path of [`/v1/keys?api_key=${stray}`, `/v1/keys/${stray}`, `/${stray}`, `/v1/owners/${stray}`])
      assert.ok((await server.call('GET', path)).status >= 400)
    await server.call('POST', '/v1/keys', { [stray]: stray, name: stray })
    const { body: named } = await server.call('POST', '/v1/keys', {
      ...{ owner_id: 'org_1', name: `key ${stray}`, environment: 'live', scopes: [] },
    })
    assert.equal(named.name, 'key [secret]')
    secrets.push(named.secret)
    await server.call('POST', `/v1/keys/${named.id}/revoke`, { reason: `${stray} was leaked` })
    await server.call('GET', `/v1/keys/${stray.replaceAll('_', '%5F')}`)
    await server.call('POST', '/v1/verify', { credential: named.secret, user_agent: `curl ${stray}` })
    await server.call('GET', '/v1/keys', undefined, { authorization: `Bearer ${stray}` })
    await server.call('GET', '/v1/keys', undefined, { 'x-request-id': stray, 'user-agent': stray })
    await server.kill('SIGTERM')

    const dump = await dumpOf(place.place)
    assert.match(dump, /key 49/, 'the dump is a dump')
    await eventually(async () => `${server.output().includes('"request completed"')}`, 'true')
    for (const secret of secrets)
      for (const text of spellings(secret)) {
        assert.ok(!dump.includes(text), `the database holds ${secret.slice(0, 8)}… as ${text.slice(0, 6)}…`)
        assert.ok(
          !server.output().includes(text),
          `the log holds ${secret.slice(0, 8)}… as ${text.slice(0, 6)}…`,
        )
      }
    await place.release()
  })
})

/** Every row of every table as text, and for an embedded database its raw files too, write-ahead log and all. */
async function dumpOf(place: Parameters<typeof openDatabase>[0]): Promise<string> {
  const { db, close } = await openDatabase(place)
  const tables = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public'`.execute(db)
  let dump = ''
  for (const { name } of tables.rows) {
    const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} as t`.execute(
      db,
    )
    dump += rows.map(({ row }) => `${name} ${row}\n`).join('')
  }
  await close()
  if ('dataDir' in place)
    for (const file of globSync('**/*', { cwd: place.dataDir })) {
      const path = join(place.dataDir, file)
      if (statSync(path).isFile()) dump += readFileSync(path, 'latin1')
    }
  return dump
}
