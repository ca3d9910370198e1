import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Secret } from '@doorward/sdk/kernel'
import { DEFAULT_SETTINGS } from '../../test/app.ts'
import { type TestPlace, testPlace } from '../../test/database.ts'
import type { Ask } from '../management.ts'
import { callerOf } from './caller.ts'
import { type ClockedServer, type DemoDatabase, openDemoDatabase } from './clocked-server.ts'
import { DEMO_DAYS, type Filled, fill } from './fill.ts'
import { countsFor, DAY_MS, LIVES, type Life, planKeys, STATE_OF } from './key-plan.ts'
import { Random } from './random.ts'
import { whyNotFill } from './words.ts'

const END = new Date('2030-03-13T11:20:00.000Z')
const SIZE = 40

interface KeyWire {
  readonly id: string
  readonly state: string
  readonly last_used_at: string | null
  readonly rotation: { readonly safe_to_finish: boolean } | null
}

describe('npm run demo:seed', () => {
  let place: TestPlace
  let database: DemoDatabase
  let server: ClockedServer
  let adminKey: Secret
  let filled: Filled
  let ask: Ask
  before(async () => {
    place = await testPlace()
    const settings = { ...DEFAULT_SETTINGS }
    database = await openDemoDatabase({ place: place.place, settings })
    server = await database.serve(new Date(END.getTime() - DEMO_DAYS * DAY_MS))
    adminKey = await server.createAdminKey()
    filled = await fill(server, adminKey, { size: SIZE, end: END })
    ask = callerOf(server, adminKey, '127.0.0.1')
  })
  after(async () => {
    await server.close()
    await database.close()
    await place.release()
  })

  const listed = async (query = '') =>
    (await ask<{ data: KeyWire[] }>('GET', `/v1/keys?limit=100${query}`)).data

  test('the API lists as many keys of each state as were planned', async () => {
    const wanted = new Map<string, number>()
    for (const [life, count] of Object.entries(countsFor(SIZE))) {
      const state = STATE_OF[life as Life]
      wanted.set(state, (wanted.get(state) ?? 0) + count)
    }
    const found = new Map<string, number>()
    for (const { state } of await listed()) found.set(state, (found.get(state) ?? 0) + 1)
    assert.deepEqual(found, wanted)
  })

  test('each life is what it says: unused, quiet, rotating, exposed', async () => {
    const keys = new Map((await listed()).map((key) => [key.id, key]))
    const of = (life: Life) => {
      const found = filled.keys.find(({ plan }) => plan.life === life)
      return keys.get(found?.id ?? '')
    }
    assert.equal(of('never_used')?.last_used_at, null)
    const quiet = Date.parse(of('unused_90_days')?.last_used_at ?? '')
    assert.ok(END.getTime() - quiet > 90 * DAY_MS)
    assert.equal(of('rotating_old_in_use')?.rotation?.safe_to_finish, false)
    assert.equal(of('rotating_old_quiet')?.rotation?.safe_to_finish, true)
    assert.equal(of('rotating_new_unused')?.rotation?.safe_to_finish, false)
    const actions = await ask<{ data: { target_id: string }[] }>('GET', '/v1/audit-events?action=key.exposed')
    const exposed = filled.keys.filter(({ plan }) => plan.life === 'exposed' || plan.life === 'leaked')
    assert.deepEqual(
      new Set(actions.data.map(({ target_id: id }) => id)),
      new Set(exposed.map(({ id }) => id)),
    )
  })

  test('AUD-04: the chain is intact, over more than a year', async () => {
    const { intact } = await ask<{ intact: boolean }>('GET', '/v1/audit-events/verification')
    assert.equal(intact, true)
  })

  test('apps, grants and the traffic of 30 days are there', async () => {
    const clients = await ask<{ data: { source: string; state: string }[] }>('GET', '/v1/clients?limit=100')
    assert.deepEqual(
      new Set(clients.data.map(({ source }) => source)),
      new Set(['registered', 'dynamic', 'metadata_document']),
    )
    const grants = await ask<{ data: { state: string }[] }>('GET', '/v1/grants?limit=100')
    assert.ok(grants.data.some(({ state }) => state === 'active'))
    const usage = await ask<{ data: { outcome: string }[] }>('GET', '/v1/usage?grain=day&days=30')
    const outcomes = new Set(usage.data.map(({ outcome }) => outcome))
    for (const outcome of ['accepted', 'revoked', 'expired', 'unknown'])
      assert.ok(outcomes.has(outcome), outcome)
  })

  test('the secrets that it prints work as it says', async () => {
    const verify = async (life: Life) => {
      const key = filled.keys.find(({ plan }) => plan.life === life && !plan.isBoundToOffice)
      const credential = key?.secrets.at(-1)?.secret.reveal()
      const body = { credential, environment: '*' }
      return await ask<{ valid: boolean; refusal?: { reason: string } }>('POST', '/v1/verify', body)
    }
    assert.equal((await verify('used')).valid, true)
    assert.equal((await verify('leaked')).refusal?.reason, 'revoked')
  })
})

describe('the plan of the demo', () => {
  test('500 keys, the same every time', () => {
    assert.equal(
      Object.values(LIVES).reduce<number>((sum, count) => sum + count, 0),
      500,
    )
    const plan = () => planKeys(new Random(2041), 500, END)
    assert.equal(plan().length, 500)
    assert.deepEqual(plan(), plan())
    assert.equal(new Set(plan().map(({ name }) => name)).size, 500)
  })

  test('a database that has owners is refused unless the operator adds, and one with the demo always', () => {
    assert.equal(whyNotFill('here', [], false), null)
    assert.match(
      whyNotFill('here', ['org_1'], false) ?? '',
      /here has owners already \(org_1\), and nothing was changed/,
    )
    assert.equal(whyNotFill('here', ['org_1'], true), null)
    assert.match(whyNotFill('here', ['org_1', 'org_larkfield'], true) ?? '', /has the demo already/)
  })

  test('without --yes it says what it would do, and opens no database', async () => {
    const seed = fileURLToPath(new URL('seed.ts', import.meta.url))
    const env = { ...process.env, DATA_DIR: '/nowhere/at/all', DATABASE_URL: '' }
    const { stdout } = await promisify(execFile)(process.execPath, [seed], { env })
    assert.match(
      stdout,
      /would fill \S*\/nowhere\/at\/all\S* with a made-up company[\s\S]*Nothing was changed/,
    )
  })
})
