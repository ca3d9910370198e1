import assert from 'node:assert/strict'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually } from '../test/eventually.ts'
import { commandsIn, type Place, paste, place, type Running, secretsIn, start } from './start.fixture.ts'

describe('npm start', () => {
  let at: Place
  let running: Running
  /** The commands of the first start. */
  let about: (comment: string) => string
  let adminKey: string

  before(async () => {
    at = await place({ empty: true })
    running = await start(at)
    assert.equal(running.exitCode, null, running.output())
    about = commandsIn(running.output())
    adminKey = /ak_\w{49}/.exec(running.output())?.[0] ?? ''
  })
  after(async () => {
    await running.end('SIGKILL')
    at.release()
  })

  test('shows the admin key, a live key per owner and a test key, and where things are', () => {
    const shown = new Set(secretsIn(running.output()).map((secret) => secret.slice(0, -49)))
    assert.deepEqual([...shown].sort(), ['ak_', 'sk_live_', 'sk_test_', 'sl_'])
    assert.equal(new Set(secretsIn(running.output())).size, 5)
    assert.match(running.output(), /first administrator[\s\S]*\/staff\/welcome\?link=sl_/)
    for (const where of [`${at.serverUrl}/docs`, at.ordersUrl, at.appUrl, at.dataDir])
      assert.ok(running.output().includes(where), where)
    assert.doesNotMatch(running.output(), /warning|"level"/i)
  })

  test('the printed line that says 200 lists the orders of its owner only', async () => {
    const { status, body } = await paste(about('200'))
    assert.equal(status, 200)
    assert.equal(body.data.length, 3)
    const [bearer = ''] = secretsIn(about('200'))
    const orders = await allOrders(at.ordersUrl, bearer)
    assert.deepEqual(
      [orders.length, new Set(orders.map((order) => order.owner_id))],
      [180, new Set(['org_acme'])],
    )
  })

  test("another owner's order and a missing one get the same 404, byte for byte", async () => {
    const [acme = ''] = secretsIn(about('200'))
    const [globex = ''] = secretsIn(about('403'))
    const [theirs] = await allOrders(at.ordersUrl, globex)
    const [foreign, unknown] = await Promise.all([call(acme, `/${theirs?.id}`), call(acme, '/ord_999999')])
    assert.deepEqual([foreign.status, unknown.status], [404, 404])
    assert.equal(await foreign.text(), await unknown.text())
    assert.equal((await call(globex, `/${theirs?.id}`)).status, 200)
  })

  test('the key decides the owner of a new order, whatever the body says; deleting it requires another scope', async () => {
    const [acme = ''] = secretsIn(about('200'))
    const body = { owner_id: 'org_globex', customer: 'Ada', item: 'Lamp', amount: 4_900 }
    const placed = await call(acme, '', { method: 'POST', body: JSON.stringify(body) })
    const order = (await placed.json()) as { id: string; owner_id: string }
    assert.deepEqual([placed.status, order.owner_id], [201, 'org_acme'])
    assert.equal((await call(acme, `/${order.id}`, { method: 'DELETE' })).status, 403)
  })

  test('RS-01: without credentials the challenge is bare', async () => {
    const answer = await fetch(`${at.ordersUrl}/orders`)
    assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [401, 'Bearer'])
  })

  test('RS-02: the printed line that says 403 lacks the scope, and the challenge names it', async () => {
    const { status, challenge } = await paste(about('403'))
    assert.equal(status, 403)
    assert.equal(challenge, 'Bearer error="insufficient_scope", scope="orders:write"')
  })

  test('KEY-18, RS-02: the printed line that says 401 presents a test key, and the body gives a hint', async () => {
    const { status, challenge, body } = await paste(about('401'))
    assert.deepEqual([status, challenge], [401, 'Bearer error="invalid_token"'])
    assert.equal(body.hint, 'This credential is marked test; this API accepts live.')
  })

  test('RS-04, VER-13: the printed line that says 400 has a key in the URL', async () => {
    const { status, challenge, body } = await paste(about('400'))
    assert.deepEqual([status, challenge], [400, 'Bearer error="invalid_request"'])
    assert.equal(body.code, 'credential_in_url')
  })

  test('KEY-04, KEY-07: the printed management line lists the keys without their secrets', async () => {
    const { body } = await paste(about('All keys'))
    assert.equal(body.data.length, 3)
    assert.deepEqual(secretsIn(JSON.stringify(body)), [])
  })

  test('KEY-10: the printed revoke line ends a key at the orders API within 5 s', async () => {
    const { body } = await paste(about('Revoke'))
    assert.equal(body.state, 'revoked')
    const revokedAt = performance.now()
    // The time of the question counts, however late its answer comes.
    for (let askedAt = revokedAt; (await paste(about('403'))).status !== 401; askedAt = performance.now())
      assert.ok(askedAt - revokedAt < 5_000, 'accepted although it was asked 5 s after the revocation')
  })

  test('AUD-03: what the two processes log holds the reason and no secret', async () => {
    const log = () => running.output().split('Ctrl-C stops everything.')[1] ?? ''
    await eventually(async () => `${log().includes('"reason":"environment_mismatch"')}`, 'true')
    assert.deepEqual(secretsIn(log()), [])
  })

  test("the orders API's own key is readable by its user alone", () => {
    assert.equal(statSync(join(at.dataDir, 'orders-api.json')).mode & 0o777, 0o600)
  })

  test('a second start beside it says that the port, or the directory, is in use, and exits 1', async () => {
    const samePort = await start(at)
    assert.equal(samePort.exitCode, 1)
    assert.match(samePort.output(), /Port \d+ is in use/)
    const other = await place()
    const sameDirectory = await start({ env: { ...other.env, DATA_DIR: at.dataDir } })
    other.release()
    assert.equal(sameDirectory.exitCode, 1)
    assert.match(sameDirectory.output(), /is in use by another Doorward process/)
  })

  test('OPS-04: Ctrl-C, even twice, ends both without an error', async () => {
    const before = running.output()
    assert.equal((await running.end('SIGINT', 'SIGINT')).exitCode, 0)
    assert.equal(running.output(), before)
    await assert.rejects(fetch(`${at.serverUrl}/livez`))
    await assert.rejects(fetch(`${at.ordersUrl}/livez`))
  })

  test('KEY-04: a second start keeps the data and shows no secret', async () => {
    running = await start(at)
    assert.deepEqual(credentialsIn(running.output()), [])
    assert.match(running.output(), /npm run admin-key/)
    assert.ok(running.output().includes(`rm -r ${at.dataDir}`))
    assert.match(running.output(), /Lost its password\?/)
    assert.equal((await paste(about('200'))).status, 200)
    assert.equal((await paste(about('403'))).status, 401)
  })

  test('a start that is killed ends its children', async () => {
    await running.end('SIGKILL')
    for (const url of [at.serverUrl, at.ordersUrl])
      await eventually(
        () =>
          fetch(`${url}/livez`).then(
            () => 'answers',
            () => 'is gone',
          ),
        'is gone',
      )
  })

  test("without the orders API's key the start says what to do, and does it with an admin key", async () => {
    rmSync(join(at.dataDir, 'orders-api.json'))
    const locked = await start(at)
    assert.equal(locked.exitCode, 1)
    assert.match(locked.output(), /DOORWARD_ADMIN_KEY=ak_… npm start/)
    assert.deepEqual(credentialsIn(locked.output()), [])

    running = await start({ env: { ...at.env, DOORWARD_ADMIN_KEY: adminKey } })
    assert.deepEqual(credentialsIn(running.output()), [])
    assert.equal((await paste(about('200'))).status, 200)
    assert.equal((await running.end('SIGTERM')).exitCode, 0)
  })

  test('a later start with a login of its own needs no admin key', async () => {
    running = await start(at, '--own-login')
    assert.equal(running.exitCode, null, running.output())
    assert.equal((await fetch(`${at.loginUrl}/livez`)).status, 200)
    assert.equal((await running.end('SIGTERM')).exitCode, 0)
    rmSync(join(at.dataDir, 'own-login.json'))
    const locked = await start(at, '--own-login')
    assert.equal(locked.exitCode, 1)
    assert.match(locked.output(), /DOORWARD_ADMIN_KEY=ak_… npm run start:own-login/)
  })

  test('an invalid configuration is reported in full, and ends everything', async () => {
    const wrong = await start({ env: { ...at.env, DOORWARD_LOGLEVEL: 'x', DOORWARD_BRAND: 'A' } })
    assert.equal(wrong.exitCode, 1)
    assert.match(wrong.output(), /did you mean DOORWARD_LOG_LEVEL\?\n.*DOORWARD_BRAND/)
    assert.doesNotMatch(wrong.output(), /\n {4}at /)
  })

  test('a server that fails after it has opened the database ends everything too', async () => {
    const broken = await start({ env: { ...at.env, DOORWARD_CATALOGUE: import.meta.filename } })
    assert.equal(broken.exitCode, 1)
    assert.match(broken.output(), /cannot be read as JSON/)
  })

  function call(bearer: string, path: string, init: RequestInit = {}): Promise<Response> {
    const type = init.body === undefined ? {} : { 'content-type': 'application/json' }
    return fetch(`${at.ordersUrl}/orders${path}`, {
      ...init,
      headers: { authorization: `Bearer ${bearer}`, ...type },
    })
  }
})

/** Reads all pages. */
async function allOrders(url: string, bearer: string): Promise<{ id: string; owner_id: string }[]> {
  const orders = []
  for (let after = ''; ; ) {
    const response = await fetch(`${url}/orders?limit=100${after}`, {
      headers: { authorization: `Bearer ${bearer}` },
    })
    const { data, next } = (await response.json()) as {
      data: { id: string; owner_id: string }[]
      next: string | null
    }
    orders.push(...data)
    if (next === null) return orders
    after = `&after=${next}`
  }
}

/** Secrets but for the link of the first administrator, which each start shows again until there is staff. */
function credentialsIn(text: string): string[] {
  return secretsIn(text).filter((secret) => !secret.startsWith('sl_'))
}
