import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mintCredential } from '@doorward/sdk/kernel'
import { testPlace } from '../database.ts'
import { eventually } from '../eventually.ts'
import { type ServerProcess, startServer } from '../server-process.ts'

const KILLS = 6
const WRITERS = 8

/** Changes that the server has confirmed. */
class Acknowledged {
  readonly live = new Map<string, string>()
  readonly revoked = new Map<string, string>()
  /** Requests without a response: either outcome is right. */
  readonly unsure = new Set<string>()
  changes = 0
}

describe('kill -9', () => {
  it(`OPS-05 AUD-05: ${KILLS} times in the middle of creates, rotations and revocations, nothing acknowledged is lost and nothing revoked comes back`, async (t) => {
    const { env, release } = await testPlace()
    const adminKey = mintCredential('admin_key').reveal()
    const known = new Acknowledged()
    for (let round = 0; round < KILLS; round++) {
      const server = await startServer(env, adminKey)
      const working = Array.from({ length: WRITERS }, (_, writer) => write(server, known, writer))
      // In the middle of the work: other requests are under way whenever enough have been answered.
      const enough = known.changes + 12 + (round % 5) * 4
      while (known.changes < enough) await sleep(1)
      await server.kill('SIGKILL')
      await Promise.all(working)
    }
    const server = await startServer(env, adminKey)
    t.diagnostic(
      `${known.live.size} live, ${known.revoked.size} revoked, ${known.changes} changes acknowledged`,
    )
    assert.ok(known.live.size > KILLS && known.revoked.size > KILLS / 2)

    const verdicts = async (secrets: Iterable<string>) => {
      const found: string[] = []
      for (const credential of secrets) {
        await eventually(async () => {
          const { status, body } = await server.call('POST', '/v1/verify', { credential })
          // On a busy machine there may be no verdict yet.
          if (status !== 503) found.push(body.valid ? 'valid' : body.refusal.reason)
          return status
        }, 200)
      }
      return new Set(found)
    }
    const settled = [...known.live].filter(([id]) => !known.unsure.has(id)).map(([, secret]) => secret)
    assert.deepEqual(await verdicts(settled), new Set(['valid']))
    assert.deepEqual(await verdicts(known.revoked.values()), new Set(['revoked']))

    const { body: chain } = await server.call('GET', '/v1/audit-events/verification')
    assert.equal(chain.intact, true)
    assert.ok(chain.events >= known.changes, 'every acknowledged change has its event')
    assert.equal((await server.kill('SIGTERM')).code, 0)
    await release()
  })
})

/** Creates, rotates and revokes keys as fast as possible, until the server has ended. */
async function write(server: ServerProcess, known: Acknowledged, writer: number): Promise<void> {
  for (let n = writer; ; n++) {
    let id: string | undefined
    try {
      const asked = { owner_id: `org_${writer}`, name: 'a', environment: 'live', scopes: [] }
      const made = await server.call('POST', '/v1/keys', asked)
      // A busy machine: nothing is acknowledged, and what was begun stays unsure.
      if (made.status === 503) continue
      assert.equal(made.status, 201)
      known.changes += 1
      id = made.body.id as string
      known.live.set(id, made.body.secret)
      known.unsure.add(id)
      if (n % 3 === 1) {
        const rotated = await server.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 0 })
        if (rotated.status === 503) continue
        assert.equal(rotated.status, 200)
        known.changes += 1
        known.live.set(id, rotated.body.secret)
      }
      if (n % 3 === 2) {
        const revoked = await server.call('POST', `/v1/keys/${id}/revoke`, { reason: 'test' })
        if (revoked.status === 503) continue
        assert.equal(revoked.status, 200)
        known.changes += 1
        known.revoked.set(id, made.body.secret)
        known.live.delete(id)
      }
      known.unsure.delete(id)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}
