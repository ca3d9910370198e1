import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { RotationRefusedError, rotateOwnKey, type Secret } from '@doorward/sdk'
import { openTestApp, type TestApp } from './app.ts'

describe('rotateOwnKey() of the SDK', () => {
  let app: TestApp
  let url: string
  before(async () => {
    app = await openTestApp()
    url = await app.app.listen({ port: 0, host: '127.0.0.1' })
  })
  after(() => app.close())

  const newKey = (more: Record<string, unknown> = {}) => app.keyFor('org_1', { self_rotation: true, ...more })
  const works = async (secret: string) =>
    (await app.call('GET', '/v1/self', undefined, { as: secret })).status === 200

  it('KEY-11: stores the new secret while both work, and returns the end of the overlap', async () => {
    const { id, secret } = await newKey()
    let stored: Secret | undefined
    const done = await rotateOwnKey({
      url,
      secret,
      store: async (fresh) => {
        assert.deepEqual([await works(secret), await works(fresh.reveal())], [true, true])
        stored = fresh
      },
    })
    assert.equal(done.keyId, id)
    assert.equal(done.secret.reveal(), stored?.reveal())
    assert.equal(Number(done.overlapEndsAt) - app.clock.nowMs(), 24 * 3600 * 1000)
    assert.equal(done.expiresAt, null)
    assert.ok(await works(secret))
  })

  it('KEY-11: gets the same secret again after a crash before it was stored', async () => {
    const { id, secret } = await newKey()
    const lost: string[] = []
    const store = (fresh: Secret) => {
      lost.push(fresh.reveal())
      throw new Error('the disk is full')
    }
    await assert.rejects(rotateOwnKey({ url, secret, store }), /the disk is full/)
    const done = await rotateOwnKey({ url, secret, store: () => {} })
    assert.equal(done.secret.reveal(), lost[0])
    assert.equal((await app.call('GET', `/v1/keys/${id}`)).body.secrets.length, 2)
  })

  it('KEY-11: with `finish`, ends the old secret only after the new one is stored', async () => {
    const { secret } = await newKey()
    const done = await rotateOwnKey({
      url,
      secret,
      finish: true,
      store: async () => assert.ok(await works(secret)),
    })
    assert.equal(done.overlapEndsAt, null)
    assert.deepEqual([await works(secret), await works(done.secret.reveal())], [false, true])
  })

  it('KEY-11: stores nothing if the rotation was undone meanwhile', async () => {
    const { id, secret } = await newKey()
    await rotateOwnKey({ url, secret, store: () => {} })
    assert.equal((await app.call('POST', `/v1/keys/${id}/rotation/undo`)).status, 200)
    const store = () => assert.fail('a secret that does not work')
    await assert.rejects(rotateOwnKey({ url, secret, store }), { code: 'invalid_token' })
    assert.ok(await works(secret))
  })

  it('MGT-03: gives the reason of a refusal without the secret', async () => {
    const { secret } = await newKey({ self_rotation: false })
    await assert.rejects(rotateOwnKey({ url, secret, store: () => {} }), (error) => {
      assert.ok(error instanceof RotationRefusedError)
      assert.equal(error.code, 'insufficient_permission')
      assert.ok(!error.message.includes(secret))
      return true
    })
  })
})
