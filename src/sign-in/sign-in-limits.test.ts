import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SignInLimits } from './sign-in-limits.ts'

/** Counts the attempts that the limit allows. */
async function passed(
  limits: SignInLimits,
  times: number,
  who: (n: number) => [email: string, ip: string | null],
) {
  let count = 0
  for (let n = 0; n < times; n++) if ((await limits.attempt(...who(n))) === null) count += 1
  return count
}

describe('limits on guessing', () => {
  it('CON-05: limits one network to ten attempts at a user, and lets others try the same user', async () => {
    const limits = new SignInLimits()
    assert.equal(await passed(limits, 20, () => ['ann@x.example', '192.0.2.1']), 10)
    assert.equal(await limits.attempt('ann@x.example', '192.0.2.2'), null)
    const seconds = await limits.attempt('ann@x.example', '192.0.2.1')
    assert.ok(seconds !== null && seconds > 0 && seconds <= 600)
  })

  it('CON-05: limits a user to a hundred attempts from all networks together', async () => {
    const limits = new SignInLimits()
    assert.equal(await passed(limits, 150, (n) => ['ann@x.example', `192.0.2.${n}`]), 100)
    assert.equal(await limits.attempt('bo@x.example', '192.0.2.1'), null)
  })

  it('CON-05: limits an address to a hundred attempts at all users, and counts an IPv6 network as one address', async () => {
    for (const ip of ['192.0.2.1', null]) {
      const limits = new SignInLimits()
      assert.equal(await passed(limits, 150, (n) => [`u${n}@x.example`, ip]), 100)
    }
    const limits = new SignInLimits()
    const inOne = (n: number) => (n % 2 === 0 ? `2001:db8:0:7::${n + 1}` : `2001:db8::7:${n}:0:0:1`)
    assert.equal(await passed(limits, 150, (n) => [`u${n}@x.example`, inOne(n)]), 100)
    assert.equal(await limits.attempt('ann@x.example', '2001:db8:0:8::1'), null)
  })

  it('resets its count after the right password', async () => {
    const limits = new SignInLimits()
    for (let n = 0; n < 10; n++) {
      assert.equal(await passed(limits, 9, () => ['ann@x.example', '192.0.2.1']), 9, `round ${n}`)
      await limits.succeeded('ann@x.example', '192.0.2.1')
    }
    assert.equal(await limits.attempt('ann@x.example', '192.0.2.1'), null)
  })
})
