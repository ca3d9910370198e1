import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createVerifier, httpSource, type Verdict, type Verifier } from '@doorward/sdk'
import { openSecondNode, openTestApp, type TestAnswer, type TestApp } from '../app.ts'
import { eventually } from '../eventually.ts'

type App = TestApp['app']

/** The key that a row ends, and its settings. */
interface Subject {
  readonly id: string
  readonly secret: string
  readonly ownerId: string
}

interface Ending {
  readonly what: string
  /** Settings of the key besides the defaults. */
  readonly made?: (app: TestApp) => Record<string, unknown>
  /** Age of the key when it is first accepted; default: new. */
  readonly agedSeconds?: number
  /** The steps at the first node; the last responses are checked for success. */
  readonly end: (app: TestApp, key: Subject) => Promise<TestAnswer | undefined>
  /** The verification asked for afterwards, and its expected answer. */
  readonly scopes?: readonly string[]
  readonly reason: string
}

const post = (app: TestApp, { id }: Subject, verb: string, body: object = {}) =>
  app.call('POST', `/v1/keys/${id}/${verb}`, body)
const patch = (app: TestApp, { id }: Subject, body: object) => app.call('PATCH', `/v1/keys/${id}`, body)

/** Every way in which an accepted credential is refused afterwards. A new one needs a row here. */
const ENDINGS: readonly Ending[] = [
  { what: 'revoke', end: (app, key) => post(app, key, 'revoke', { reason: 'leaked' }), reason: 'revoked' },
  { what: 'disable', end: (app, key) => post(app, key, 'disable'), reason: 'disabled' },
  {
    what: 'rotate, without an overlap',
    end: (app, key) => post(app, key, 'rotate', { overlap_seconds: 0 }),
    reason: 'rotated',
  },
  {
    what: 'rotate, and the overlap ends',
    end: async (app, key) => {
      const answer = await post(app, key, 'rotate', { overlap_seconds: 60 })
      app.clock.advance({ seconds: 60 })
      return answer
    },
    reason: 'rotated',
  },
  {
    what: 'rotate, and finish',
    end: async (app, key) => {
      await post(app, key, 'rotate', { overlap_seconds: 3600 })
      return await post(app, key, 'rotation/finish')
    },
    reason: 'rotated',
  },
  {
    what: 'expire',
    made: () => ({ lifetime_seconds: 600 }),
    end: async (app) => {
      app.clock.advance({ seconds: 600 })
      return undefined
    },
    reason: 'expired',
  },
  {
    what: 'an earlier expiry',
    end: async (app, key) => {
      const expiresAt = new Date(app.clock.now().getTime() + 1_000).toISOString()
      const answer = await patch(app, key, { expires_at: expiresAt })
      app.clock.advance({ seconds: 1 })
      return answer
    },
    reason: 'expired',
  },
  {
    what: "the owner's policy tightened: a longest lifetime that has passed",
    agedSeconds: 60,
    end: (app, { ownerId }) =>
      app.call('PATCH', `/v1/owners/${ownerId}`, { max_lifetime_seconds: 60, apply_at_once: true }),
    reason: 'expired',
  },
  {
    what: "the owner's policy tightened, and its longest lifetime passes",
    agedSeconds: 59,
    end: async (app, { ownerId }) => {
      const answer = await app.call('PATCH', `/v1/owners/${ownerId}`, {
        max_lifetime_seconds: 60,
        apply_at_once: true,
      })
      app.clock.advance({ seconds: 1 })
      return answer
    },
    reason: 'expired',
  },
  { what: 'scopes narrowed', end: (app, key) => patch(app, key, { scopes: [] }), reason: 'missing_scope' },
  {
    what: 'a scope implies less',
    made: () => ({ scopes: ['invoices:admin'] }),
    end: (app) => app.call('PATCH', '/v1/scopes/invoices:admin', { implies: [] }),
    scopes: ['invoices:read'],
    reason: 'missing_scope',
  },
  {
    what: 'IP list changed',
    end: (app, key) => patch(app, key, { ip_allowlist: ['10.0.0.0/8'] }),
    reason: 'ip_not_allowed',
  },
  {
    what: "the key's quota set to nothing",
    end: (app, key) => patch(app, key, { quota: { limit: 0, period: 'day' } }),
    reason: 'quota_exceeded',
  },
  {
    what: "the owner's quota set to nothing",
    end: (app, { ownerId }) =>
      app.call('PATCH', `/v1/owners/${ownerId}`, { quota: { limit: 0, period: 'month' } }),
    reason: 'quota_exceeded',
  },
  {
    what: 'owner suspended',
    end: (app, { ownerId }) => app.call('POST', `/v1/owners/${ownerId}/suspend`, { reason: 'unpaid' }),
    reason: 'owner_suspended',
  },
]

/** Changes that end nothing by themselves, and are published to all because they may alter any verdict. */
const FOR_ALL: readonly {
  readonly what: string
  /** True if a key may hold the scope meanwhile. */
  readonly reaches: boolean
  readonly end: (app: TestApp, scope: string) => Promise<TestAnswer>
  readonly told: string
}[] = [
  {
    what: 'a scope is deprecated',
    reaches: true,
    end: (app, scope) => app.call('PATCH', `/v1/scopes/${scope}`, { deprecated: true }),
    told: 'scope.deprecated',
  },
  {
    what: 'a scope is removed',
    reaches: false,
    end: (app, scope) => app.call('DELETE', `/v1/scopes/${scope}`),
    told: 'scope.removed',
  },
]

/** Every way in which an admin key stops verifying; no such key is bound to an owner. */
const ADMIN_ENDINGS: readonly {
  readonly what: string
  readonly end: (app: TestApp, id: string) => Promise<TestAnswer>
  /** Events of its feed until then. */
  readonly told: RegExp
}[] = [
  {
    what: 'revoked',
    end: (app, id) => app.call('POST', `/v1/admin-keys/${id}/revoke`, { reason: 'test' }),
    told: /event: open.*event: change.*"action":"admin_key.revoked"/s,
  },
  {
    what: 'rotated without an overlap',
    end: (app, id) => app.call('POST', `/v1/admin-keys/${id}/rotate`, { overlap_seconds: 0 }),
    told: /event: open.*event: change.*"action":"admin_key.rotated"/s,
  },
  {
    what: 'rotated, and finished',
    end: async (app, id) => {
      await app.call('POST', `/v1/admin-keys/${id}/rotate`, { overlap_seconds: 3600 })
      return await app.call('POST', `/v1/admin-keys/${id}/rotation/finish`)
    },
    told: /event: open.*event: change.*"action":"admin_key.rotated"/s,
  },
  {
    what: 'expired',
    end: async (app) => {
      app.clock.advance({ seconds: 3600 })
      return await app.call('GET', '/v1/scopes')
    },
    told: /event: open/,
  },
]

describe('through a second node, without the clock moving on by itself', () => {
  let app: TestApp
  let second: App
  let sdk: Verifier
  before(async () => {
    app = await openTestApp()
    second = await openSecondNode(app)
    await second.listen({ port: 0, host: '127.0.0.1' })
    const { port } = second.server.address() as AddressInfo
    const verifyKey = await app.adminKeyWith(['verify'])
    const steady = () => app.clock.steadyMs()
    // The server's monotonic clock is the test's too, so that no answer gets old by itself.
    sdk = createVerifier({
      source: httpSource({ url: `http://127.0.0.1:${port}`, adminKey: verifyKey, steady }),
      now: () => app.clock.now().getTime(),
      steady,
    })
    await app.call('POST', '/v1/scopes', { name: 'invoices:read', description: 'Reads' })
    const admin = { name: 'invoices:admin', description: 'All', implies: ['invoices:read'] }
    await app.call('POST', '/v1/scopes', admin)
  })
  after(async () => {
    sdk.close()
    await second.close()
    await app.close()
  })

  const ipAsked = '203.0.113.7'

  /** Verdict of the second node's own verifier. */
  async function atSecondNode(secret: string, scopes: readonly string[]): Promise<string> {
    const { body } = await app.call(
      'POST',
      '/v1/verify',
      { credential: secret, scopes, environment: 'live', client_ip: ipAsked },
      { node: second },
    )
    return body.valid ? 'accepted' : body.refusal.reason
  }

  async function atSdk(secret: string, scopes: readonly string[]): Promise<string> {
    const verdict: Verdict = await sdk.verify(secret, { scopes, environment: 'live', clientIp: ipAsked })
    return verdict.valid ? 'accepted' : verdict.refusal.reason
  }

  for (const { what, made, agedSeconds = 0, end, scopes = ['orders:read'], reason } of ENDINGS)
    it(`KEY-10: ${what}: ${reason} at the other node and in the SDK`, async () => {
      const ownerId = `org_${what.replace(/\W+/g, '_')}`
      const key = { ...(await app.keyFor(ownerId, made?.(app) ?? {})), ownerId }
      app.clock.advance({ seconds: agedSeconds })
      await eventually(() => atSdk(key.secret, scopes), 'accepted')
      assert.equal(await atSecondNode(key.secret, scopes), 'accepted')
      const answer = await end(app, key)
      if (answer !== undefined) assert.ok(answer.status < 300, answer.text)
      await eventually(() => atSecondNode(key.secret, scopes), reason)
      await eventually(() => atSdk(key.secret, scopes), reason)
    })

  it('KEY-14: a key is accepted again once it is enabled, its owner resumed, or its rotation undone', async () => {
    const key = { ...(await app.keyFor('org_back')), ownerId: 'org_back' }
    const bothSay = async (secret: string, expected: string) => {
      await eventually(() => atSecondNode(secret, ['orders:read']), expected)
      await eventually(() => atSdk(secret, ['orders:read']), expected)
    }
    await bothSay(key.secret, 'accepted')
    await post(app, key, 'disable')
    await bothSay(key.secret, 'disabled')
    await post(app, key, 'enable')
    await bothSay(key.secret, 'accepted')
    await app.call('POST', '/v1/owners/org_back/suspend', { reason: 'unpaid' })
    await bothSay(key.secret, 'owner_suspended')
    await app.call('POST', '/v1/owners/org_back/resume', {})
    await bothSay(key.secret, 'accepted')
    const { body } = await post(app, key, 'rotate', { overlap_seconds: 60 })
    await post(app, key, 'rotation/undo')
    await bothSay(body.secret, 'revoked')
    app.clock.advance({ seconds: 61 })
    await bothSay(key.secret, 'accepted')
  })

  for (const { what, reaches, end, told } of FOR_ALL)
    it(`KEY-10: ${what}: every node asks again, and keys that hold the scope keep it`, async () => {
      const name = `old:${what.replace(/\W+/g, '_')}`
      await app.call('POST', '/v1/scopes', { name, description: 'Old' })
      const { secret } = await app.keyFor('org_old', { scopes: reaches ? [name] : ['orders:read'] })
      const asked = [reaches ? name : 'orders:read']
      await eventually(() => atSdk(secret, asked), 'accepted')
      const head = await app.database.db
        .selectFrom('changes_head')
        .select('position')
        .executeTakeFirstOrThrow()
      const answer = await end(app, name)
      assert.ok(answer.status < 300, answer.text)
      const changes = app.database.db
        .selectFrom('changes')
        .select(['action', 'hashes'])
        .where('position', '>', head.position)
      assert.deepEqual(await changes.execute(), [{ action: told, hashes: null }])
      assert.equal(await atSecondNode(secret, asked), 'accepted')
      assert.equal(await atSdk(secret, asked), 'accepted')
    })

  for (const { what, end, told } of ADMIN_ENDINGS)
    it(`KEY-10: an admin key, ${what}: verifies nothing at the other node, and its feed ends`, async () => {
      const { secret: key } = await app.keyFor('org_x')
      const made = await app.call('POST', '/v1/admin-keys', {
        name: 'sdk',
        permissions: ['verify'],
        expires_at: new Date(app.clock.now().getTime() + 3600_000).toISOString(),
      })
      assert.equal(made.status, 201, made.text)
      const withIt = async () => {
        const as = { node: second, as: made.body.secret }
        return String((await app.call('POST', '/v1/verify', { credential: key }, as)).status)
      }
      await eventually(withIt, '200')
      const { port } = second.server.address() as AddressInfo
      const feed = await fetch(`http://127.0.0.1:${port}/v1/changes`, {
        headers: { authorization: `Bearer ${made.body.secret}` },
        signal: AbortSignal.timeout(60_000),
      })
      assert.equal(feed.headers.get('content-type'), 'text/event-stream')
      const { status, text } = await end(app, made.body.id)
      assert.ok(status < 300, text)
      await eventually(withIt, '401')
      assert.match(await feed.text(), told)
    })
})
