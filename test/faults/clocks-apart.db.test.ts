import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createVerifier, httpSource, type Verifier } from '@doorward/sdk'
import { mintCredential } from '@doorward/sdk/kernel'
import { ensureFirstAdminKey } from '../../src/admin-keys/first-admin-key.ts'
import { buildApp } from '../../src/app.ts'
import type { Clock } from '../../src/base/clock.ts'
import { openLog } from '../../src/http/log.ts'
import { DEFAULT_SETTINGS } from '../app.ts'
import { openTestDatabase, type TestDatabase } from '../database.ts'
import type { CallAnswer } from '../server-process.ts'
import { Witness } from './witness.ts'

const APART_MS = 120_000
/** Rarely, because each of the tests has four witnesses, and all of them run at once. */
const ASKED_EVERY_MS = 500

/** A server, and an SDK that asks it, on one clock. */
interface Node {
  call(method: string, path: string, body?: unknown, as?: string): Promise<CallAnswer>
  verdict(secret: string): Promise<string>
  sdkVerdict(secret: string): Promise<string>
  close(): Promise<void>
}

/** Real clocks: one of them wrong, and each monotonic clock with its own origin. */
function clockOf(aheadMs: number): Clock {
  return {
    now: () => new Date(Date.now() + aheadMs),
    nowMs: () => Date.now() + aheadMs,
    steadyMs: () => performance.now() + 1e6 + aheadMs,
  }
}

describe('two servers whose clocks are two minutes apart', { concurrency: true }, () => {
  const adminKey = mintCredential('admin_key')
  let place: TestDatabase
  let ahead: Node
  let behind: Node
  before(async () => {
    place = await openTestDatabase()
    const origin = { actor: { kind: 'system', id: null }, ip: null, requestId: null } as const
    await ensureFirstAdminKey(place.database.db, { ...origin, now: new Date() }, null, adminKey)
    ahead = await open(APART_MS)
    behind = await open(0)
  })
  after(async () => {
    for (const node of [ahead, behind]) await node.close()
    await place.close()
  })

  async function open(aheadMs: number): Promise<Node> {
    const clock = clockOf(aheadMs)
    const app = await buildApp({
      database: place.database,
      clock,
      log: openLog('silent'),
      settings: DEFAULT_SETTINGS,
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
    const steady = () => clock.steadyMs()
    const sdk: Verifier = createVerifier({
      source: httpSource({ url, adminKey: adminKey.reveal(), steady }),
      now: () => clock.now().getTime(),
      steady,
    })
    const call: Node['call'] = async (method, path, body, as = adminKey.reveal()) => {
      const idempotency = path === '/v1/verify' ? {} : { 'idempotency-key': randomUUID() }
      for (let tries = 0; ; tries++) {
        const answer = await fetch(url + path, {
          method,
          headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', ...idempotency },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(60_000),
        })
        // Many changes at once wait for too long on a busy machine. A verdict is not asked for again.
        if (answer.status !== 503 || path === '/v1/verify' || tries === 20)
          return { status: answer.status, body: await answer.json() }
      }
    }
    return {
      call,
      verdict: async (secret) => {
        const { status, body } = await call('POST', '/v1/verify', { credential: secret })
        if (status !== 200) return `${status}`
        return body.valid ? 'accepted' : body.refusal.reason
      },
      sdkVerdict: async (secret) => {
        const verdict = await sdk.verify(secret, { scopes: [], environment: null, clientIp: null })
        return verdict.valid ? 'accepted' : verdict.refusal.reason
      },
      close: async () => {
        sdk.close()
        await app.close()
      },
    }
  }

  /** Verdicts on a secret by every server and SDK, asked repeatedly. */
  function everybody(secret: string): Witness[] {
    return [ahead, behind].flatMap((node) => [
      new Witness(() => node.verdict(secret), ASKED_EVERY_MS),
      new Witness(() => node.sdkVerdict(secret), ASKED_EVERY_MS),
    ])
  }

  async function all(witnesses: readonly Witness[], expected: string): Promise<void> {
    await Promise.all(witnesses.map((witness) => witness.hears(expected)))
  }

  const asked = { owner_id: 'org_1', name: 'a', environment: 'live', scopes: [] }
  const ENDINGS: readonly (readonly [
    what: string,
    reason: string,
    ...steps: readonly (readonly [string, object])[],
  ])[] = [
    ['revoked', 'revoked', ['revoke', { reason: 'leaked' }]],
    ['disabled', 'disabled', ['disable', {}]],
    ['rotated without an overlap', 'rotated', ['rotate', { overlap_seconds: 0 }]],
    ['rotated and finished', 'rotated', ['rotate', { overlap_seconds: 3600 }], ['rotation/finish', {}]],
  ]

  for (const [where, own, other] of [
    ['ahead', () => ahead, () => behind],
    ['behind', () => behind, () => ahead],
  ] as const) {
    for (const [what, reason, ...steps] of ENDINGS)
      it(`KEY-10: ${what} at the server that is ${where}: seen by all within the bound, and for good`, async (t) => {
        const { body: key } = await own().call('POST', '/v1/keys', asked)
        // Overload is no verdict.
        assert.match(await other().verdict(key.secret), /^(accepted|503)$/, 'as soon as it is made')
        const witnesses = everybody(key.secret)
        t.after(() => Promise.all(witnesses.map((witness) => witness.dismiss())))
        await all(witnesses, 'accepted')
        for (const [verb, body] of steps)
          assert.equal((await own().call('POST', `/v1/keys/${key.id}/${verb}`, body)).status, 200)
        const endedAt = performance.now()
        await Promise.all(witnesses.map((witness) => witness.hearsAfterBound(endedAt)))
        await all(witnesses, reason)
        await Promise.all(witnesses.map((witness) => witness.dismiss()))
        for (const witness of witnesses) witness.neverAcceptedAfter(endedAt)
      })

    it(`KEY-10: an admin key revoked at the server that is ${where} verifies nothing at the other past the bound`, async (t) => {
      const { body: key } = await own().call('POST', '/v1/keys', asked)
      const { body: made } = await own().call('POST', '/v1/admin-keys', {
        name: 'a',
        permissions: ['verify'],
      })
      const witness = new Witness(async () => {
        const { status } = await other().call('POST', '/v1/verify', { credential: key.secret }, made.secret)
        return status === 200 ? 'accepted' : `${status}`
      })
      t.after(() => witness.dismiss())
      await witness.hears('accepted')
      await own().call('POST', `/v1/admin-keys/${made.id}/revoke`, { reason: 'leaked' })
      const endedAt = performance.now()
      await witness.hearsAfterBound(endedAt)
      await witness.dismiss()
      witness.neverAcceptedAfter(endedAt)
    })
  }

  it('KEY-08: a key that has expired by one clock only is active everywhere once its expiry is postponed', async (t) => {
    const soon = { ...asked, lifetime_seconds: APART_MS / 1000 - 10 }
    const { body: key } = await behind.call('POST', '/v1/keys', soon)
    const witnesses = everybody(key.secret)
    t.after(() => Promise.all(witnesses.map((witness) => witness.dismiss())))
    await all(witnesses.slice(0, 2), 'expired')
    await all(witnesses.slice(2), 'accepted')
    const later = { expires_at: new Date(Date.now() + 3_600_000).toISOString() }
    assert.equal((await behind.call('PATCH', `/v1/keys/${key.id}`, later)).status, 200)
    await all(witnesses, 'accepted')
  })

  it('KEY-11: a rotation whose overlap has ended by one clock only can be undone everywhere', async (t) => {
    const { body: key } = await behind.call('POST', '/v1/keys', asked)
    const overlap = { overlap_seconds: APART_MS / 1000 - 10 }
    const { body: next } = await behind.call('POST', `/v1/keys/${key.id}/rotate`, overlap)
    const witnesses = everybody(key.secret)
    t.after(() => Promise.all(witnesses.map((witness) => witness.dismiss())))
    await all(witnesses.slice(0, 2), 'rotated')
    await all(witnesses.slice(2), 'accepted')
    const undone = await behind.call('POST', `/v1/keys/${key.id}/rotation/undo`, {})
    assert.equal(undone.status, 200, JSON.stringify(undone.body))
    await all(witnesses, 'accepted')
    assert.equal(await ahead.sdkVerdict(next.secret), 'revoked')
  })
})
