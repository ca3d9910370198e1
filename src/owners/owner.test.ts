import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type AskedLifetime, expiryWithin } from './expiry.ts'
import { whyNotResumeOwner, whyNotSuspendOwner } from './owner.ts'
import { policyOf } from './policy.ts'

const NOW = new Date('2030-01-01T12:00:00.000Z')
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)

it('KEY-15: an owner is suspended once, and only the API provider resumes it', () => {
  assert.equal(whyNotSuspendOwner({ suspendedAt: null }), null)
  assert.deepEqual(whyNotSuspendOwner({ suspendedAt: NOW }), { code: 'already_suspended', at: NOW })
  assert.deepEqual(whyNotResumeOwner({ suspendedAt: null }, true), { code: 'not_suspended' })
  assert.deepEqual(whyNotResumeOwner({ suspendedAt: null }, false), { code: 'not_suspended' })
  assert.equal(whyNotResumeOwner({ suspendedAt: NOW }, true), null)
  assert.deepEqual(whyNotResumeOwner({ suspendedAt: NOW }, false), { code: 'exceeds_authority' })
})

const TOO_LONG = { code: 'lifetime_too_long', maxLifetimeSeconds: 60, latest: at(60) }
for (const [what, asked, limit, expected] of [
  ['nothing, without a limit: for ever', {}, null, null],
  ['nothing: the longest', {}, 60, at(60)],
  ['for ever, without a limit', { expiresAt: null }, null, null],
  ['for ever', { expiresAt: null }, 60, TOO_LONG],
  ['a moment within', { expiresAt: at(60) }, 60, at(60)],
  ['a moment beyond', { expiresAt: at(61) }, 60, TOO_LONG],
  ['seconds within', { lifetimeSeconds: 60 }, 60, at(60)],
  ['seconds beyond', { lifetimeSeconds: 61 }, 60, TOO_LONG],
  ['now', { expiresAt: NOW }, 60, { code: 'expiry_in_past', now: NOW }],
  ['both', { expiresAt: at(1), lifetimeSeconds: 1 }, 60, { code: 'two_ends' }],
  ['for ever, and seconds', { expiresAt: null, lifetimeSeconds: 1 }, 60, at(1)],
] as [string, AskedLifetime, number | null, unknown][])
  it(`KEY-09: the end of a secret, asked for ${what}`, () => {
    const configured = { environments: ['live'], maxLifetimeSeconds: limit, maxKeysPerOwner: 1 }
    const policy = policyOf(configured, 'live')
    const end = expiryWithin(asked, policy, NOW)
    assert.deepEqual(end.ok ? end.value : end.no, expected)
  })
