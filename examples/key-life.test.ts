import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential, Secret } from '@doorward/sdk/kernel'
import { type Ask, managementApi } from './management.ts'
import { type Place, place, type Running, start } from './start.fixture.ts'

const EVERY_MS = 200
const WITHIN_MS = 5_000

interface IssuedKey {
  readonly id: string
  readonly secret: string
  readonly scopes: readonly string[]
  readonly expires_at: string | null
}

describe("a key's life, seen at the orders API, which is never restarted", { concurrency: true }, () => {
  let at: Place
  let running: Running
  let ask: Ask

  before(async () => {
    at = await place()
    running = await start(at)
    assert.equal(running.exitCode, null, running.output())
    ask = managementApi(at.serverUrl, new Secret(/ak_\w{49}/.exec(running.output())?.[0] ?? ''))
  })
  after(async () => {
    await running.end('SIGINT')
    at.release()
  })

  test('KEY-10, VER-01: revoked', async () => {
    const key = await workingKey()
    await ask('POST', `/v1/keys/${key.id}/revoke`, { reason: 'leaked' })
    await assertRefused(key, 'revoked')
  })

  test('KEY-10, KEY-14: disabled, and enabled again', async () => {
    const key = await workingKey()
    await ask('POST', `/v1/keys/${key.id}/disable`)
    await assertRefused(key, 'disabled')
    await ask('POST', `/v1/keys/${key.id}/enable`)
    await answers(key.secret, 200)
  })

  test('KEY-10, KEY-15: of an owner who is suspended, and resumed', async () => {
    const key = await workingKey({ owner_id: 'org_initech' })
    await ask('POST', '/v1/owners/org_initech/suspend', { reason: 'unpaid' })
    await assertRefused(key, 'owner_suspended')
    await ask('POST', '/v1/owners/org_initech/resume')
    await answers(key.secret, 200)
  })

  test('KEY-08, KEY-10: expired', async () => {
    // Longer than its first call takes on a busy machine.
    const key = await workingKey({ lifetime_seconds: 15 })
    const expiresAtMs = Date.parse(key.expires_at ?? '')
    // The time of the question counts, however late its answer comes.
    for (let askedAtMs = Date.now(); (await call(key.secret)).status === 200; askedAtMs = Date.now()) {
      assert.ok(askedAtMs < expiresAtMs, 'accepted although it was asked after its expiry')
      await sleep(EVERY_MS)
    }
    assert.ok(Date.now() >= expiresAtMs)
    await assertRefused(key, 'expired')
  })

  test('KEY-18: of another environment', async () => {
    const key = await newKey({ environment: 'test' })
    await assertRefused(key, 'environment_mismatch')
  })

  test('VER-03: a scope implies what the catalogue says, and no more', async () => {
    const [admin, writer] = [
      await workingKey({ scopes: ['orders:admin'] }),
      await workingKey({ scopes: ['orders:write'] }),
    ]
    const remove = ({ secret }: IssuedKey) =>
      fetch(`${at.ordersUrl}/orders/ord_100001`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${secret}` },
      })
    assert.equal((await remove(writer)).status, 403)
    assert.equal((await remove(admin)).status, 204)
    assert.equal((await remove(admin)).status, 404)
  })

  test('KEY-11: while a rotation runs both secrets work, after it the new one alone; the key stays the same', async () => {
    const key = await workingKey()
    const rotated = await ask<IssuedKey>('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 3600 })
    assert.deepEqual([rotated.id, rotated.scopes], [key.id, key.scopes])
    assert.notEqual(rotated.secret, key.secret)
    await answers(rotated.secret, 200)
    await answers(key.secret, 200, 'old-deployment/7')
    for (const { secret } of [key, rotated])
      assert.deepEqual((await verdict(secret)).principal?.key_id, key.id)

    const old = await oldSecretOnceReported(key.id, 'old-deployment/7')
    assert.deepEqual([old.state, old.last_used_ip], ['retiring', '127.0.0.1'])

    await ask('POST', `/v1/keys/${key.id}/rotation/finish`)
    await assertRefused(key, 'rotated')
    await answers(rotated.secret, 200)
  })

  test('KEY-11: after a rotation is undone the old secret works, and the new one is refused', async () => {
    const key = await workingKey()
    const rotated = await ask<IssuedKey>('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 3600 })
    const undone = await ask<IssuedKey>('POST', `/v1/keys/${key.id}/rotation/undo`)
    assert.deepEqual([undone.id, undone.scopes], [key.id, key.scopes])
    await assertRefused(rotated, 'revoked')
    await answers(key.secret, 200)
  })

  /** The client gets the same 401 for every reason, at most 5 s after the change. The owner gets the reason. */
  async function assertRefused({ secret }: IssuedKey, reason: string): Promise<void> {
    const response = await answers(secret, 401)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
    const { hint, ...body } = (await response.json()) as { hint?: string }
    const made = mintCredential('api_key', { environment: 'live' }).reveal()
    assert.deepEqual(body, await (await call(made)).json())
    assert.equal(hint !== undefined, reason === 'environment_mismatch')

    const { valid, refusal } = await verdict(secret)
    assert.deepEqual([valid, refusal?.reason], [false, reason])
    assert.ok(refusal?.message && refusal.fix)
  }

  /** Polls until the status is as expected, for at most 5 s from now. */
  async function answers(secret: string, status: number, userAgent?: string) {
    const since = performance.now()
    for (; ; await sleep(EVERY_MS)) {
      const sentMs = performance.now() - since
      const response = await call(secret, userAgent)
      if (response.status === status) return response
      assert.ok(sentMs <= WITHIN_MS, `still ${response.status} after ${sentMs} ms`)
    }
  }

  /** Calls again while there is no verdict, because the server did not answer in time: on a busy machine it may. */
  async function call(secret: string, userAgent = 'test'): Promise<Response> {
    const headers = { authorization: `Bearer ${secret}`, 'user-agent': userAgent }
    for (let tries = 0; ; tries++, await sleep(EVERY_MS)) {
      const response = await fetch(`${at.ordersUrl}/orders?limit=1`, { headers })
      if (response.status !== 503 || tries === 100) return response
    }
  }

  function verdict(credential: string) {
    const asked = { credential, environment: 'live', scopes: ['orders:read'], dry_run: true }
    return ask<{
      valid: boolean
      principal?: { key_id: string }
      refusal?: { reason: string; message: string; fix: string }
    }>('POST', '/v1/verify', asked)
  }

  function newKey(more: object = {}): Promise<IssuedKey> {
    const wanted = {
      owner_id: 'org_acme',
      name: 'life',
      environment: 'live',
      scopes: ['orders:read'],
      ...more,
    }
    return ask('POST', '/v1/keys', wanted)
  }

  async function workingKey(more: object = {}): Promise<IssuedKey> {
    const key = await newKey(more)
    assert.equal((await call(key.secret)).status, 200)
    return key
  }

  /** The orders API delivers its counts every 2 s. */
  async function oldSecretOnceReported(id: string, userAgent: string) {
    for (let tries = 0; ; tries++, await sleep(EVERY_MS)) {
      const { secrets } = await ask<{
        secrets: { state: string; last_used_ip: string; last_used_user_agent: string }[]
      }>('GET', `/v1/keys/${id}`)
      const [, old] = secrets
      if (old?.last_used_user_agent === userAgent) return old
      assert.ok(tries < 300, 'nobody is said to have used the old secret')
    }
  }
})
