import assert from 'node:assert/strict'
import test from 'node:test'
import { at, NOW } from '../source/record.fixture.ts'
import { endedBy, type Lifetime, pastItsEnd } from './lifetime.ts'

const live: Lifetime = {
  revokedAt: null,
  retiredAt: null,
  ownerSuspendedAt: null,
  disabledAt: null,
  retiresAt: null,
  expiresAt: null,
}

test('KEY-08: a credential is expired at its exact time, and null means never', () => {
  const life = { ...live, expiresAt: at(0) }
  assert.equal(pastItsEnd(life, NOW - 1), null)
  assert.deepEqual(pastItsEnd(life, NOW), { reason: 'expired', at: at(0) })
  assert.equal(pastItsEnd(live, Number.MAX_SAFE_INTEGER), null)
})

test('an action counts whatever the clock says', () => {
  for (const [field, reason] of [
    ['revokedAt', 'revoked'],
    ['retiredAt', 'rotated'],
    ['ownerSuspendedAt', 'owner_suspended'],
    ['disabledAt', 'disabled'],
  ] as const)
    assert.deepEqual(endedBy({ ...live, [field]: at(3600) }, NOW), { reason, at: at(3600) })
})

test('reports ends in the order revoked, rotated, expired, owner suspended, disabled', () => {
  let life: Lifetime = {
    revokedAt: at(-1),
    retiredAt: null,
    retiresAt: at(-2),
    expiresAt: at(-3),
    ownerSuspendedAt: at(-4),
    disabledAt: at(-5),
  }
  const told: (string | undefined)[] = []
  for (const field of ['revokedAt', 'retiresAt', 'expiresAt', 'ownerSuspendedAt', 'disabledAt'] as const) {
    told.push(endedBy(life, NOW)?.reason)
    life = { ...life, [field]: null }
  }
  assert.deepEqual(told, ['revoked', 'rotated', 'expired', 'owner_suspended', 'disabled'])
  assert.equal(endedBy(life, NOW), null)
})
