import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerProcess } from '../server-process.ts'

export interface Key {
  readonly id: string
  readonly secret: string
}

/** Creates keys; tries again where the database was busy for too long. */
export async function newKeys<const Names extends string>(
  server: ServerProcess,
  ...names: readonly Names[]
): Promise<Record<Names, Key>> {
  const made = names.map(async (name): Promise<[string, Key]> => {
    const asked = { owner_id: 'org_1', name, environment: 'live', scopes: [] }
    const headers = { 'idempotency-key': randomUUID() }
    for (let tries = 0; ; tries++) {
      const { status, body } = await server.call('POST', '/v1/keys', asked, headers)
      if (status === 201) return [name, body]
      assert.ok(status === 503 && tries < 20, JSON.stringify(body))
    }
  })
  return Object.fromEntries(await Promise.all(made)) as Record<Names, Key>
}

/** Revokes a key, with retries until it succeeds. @returns the moment of the response */
export async function revoke(server: ServerProcess, { id }: Key, within = 60_000): Promise<number> {
  const giveUpAt = performance.now() + within
  for (;;) {
    const { status } = await server.call('POST', `/v1/keys/${id}/revoke`, { reason: 'leaked' })
    if (status === 200) return performance.now()
    assert.equal(status, 503)
    assert.ok(performance.now() < giveUpAt, 'it cannot be revoked')
    await sleep(100)
  }
}

/** Verdict of a server's verifier, in one word. */
export async function verdictOf(
  server: ServerProcess,
  { secret }: Key,
  headers: Record<string, string> = {},
): Promise<string> {
  const { status, body } = await server.call('POST', '/v1/verify', { credential: secret }, headers)
  if (status !== 200) return `${status}`
  return body.valid ? 'accepted' : body.refusal.reason
}

/** Counted uses of a key that were accepted. */
export async function countOf(server: ServerProcess, { id }: Key): Promise<number> {
  const { status, body } = await server.call('GET', `/v1/keys/${id}/usage?grain=minute`)
  assert.equal(status, 200)
  const accepted = (body.data as { outcome: string; calls: number }[]).filter(
    ({ outcome }) => outcome === 'accepted',
  )
  return accepted.reduce((sum, { calls }) => sum + calls, 0)
}

/** Waits for a key's count to reach a number, and checks that it keeps it over two more deliveries. */
export async function countsExactly(server: ServerProcess, key: Key, expected: number): Promise<void> {
  const giveUpAt = performance.now() + 60_000
  while ((await countOf(server, key)) < expected && performance.now() < giveUpAt) await sleep(100)
  await sleep(DELIVERED_EVERY_MS * 2)
  assert.equal(await countOf(server, key), expected)
}

const DELIVERED_EVERY_MS = 2_000
