import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDoorward } from '../attacks/doorward.target.ts'
import { freshCode, freshTokens, isActive, post, refreshForm } from '../attacks/requests.ts'
import type { Target } from '../attacks/target.ts'
import { ENGINE } from '../database.ts'

const skip = ENGINE === 'postgres' ? false : 'two processes need a Postgres'
const ROUNDS = 3

/** Response of a server that may have been killed meanwhile; null if there was none. */
async function tried(asking: ReturnType<typeof post>) {
  return await asking.catch(() => null)
}

describe('two servers, killed and restarted in the middle of token requests', () => {
  let target: Target
  before(async () => {
    if (skip === false) target = await openDoorward(process.env.TEST_POSTGRES_URL ?? '')
  })
  after(() => target?.close())

  it('REF-02 TOK-06: a code is spent once, whichever server is killed and whenever', { skip }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { form } = await freshCode(target)
      const asking = tried(post(target, 'token', form))
      await sleep(round * 3)
      const restarting = target.restart(0)
      const first = await asking
      const second = await tried(post(target, 'token', form, target.clients.mine, { node: 1 }))
      const got = [first, second].filter((answer) => answer?.status === 200)
      assert.ok(got.length <= 1, `round ${round}: ${got.length} got tokens`)
      assert.notEqual(second, null)
      if (first === null || first.status >= 500)
        assert.ok(second?.status === 200 || second?.body.error === 'invalid_grant', second?.text ?? '')
      await restarting
    }
  })

  it('REF-01 REF-02: a refresh token whose response was lost gets the same successor at the other server', {
    skip,
  }, async () => {
    let { refresh } = await freshTokens(target)
    for (let round = 0; round < ROUNDS; round++) {
      const asking = tried(post(target, 'token', refreshForm(refresh)))
      await sleep(round * 3)
      const restarting = target.restart(0)
      const first = await asking
      const second = await post(target, 'token', refreshForm(refresh), target.clients.mine, { node: 1 })
      assert.equal(second.status, 200, `round ${round}: ${second.text}`)
      if (first?.status === 200) assert.equal(first.body.refresh_token, second.body.refresh_token)
      assert.equal(await isActive(target, second.body.access_token, 1), true)
      refresh = second.body.refresh_token
      await restarting
    }
  })
})
