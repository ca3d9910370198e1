import assert from 'node:assert/strict'
import test from 'node:test'
import { Profiles } from './profiles.ts'
import { aRecord, at, ranges } from './record.fixture.ts'

test('records that differ in ids and ends alone have one profile; any other difference makes another', () => {
  const profiles = new Profiles()
  const number = profiles.hold(aRecord())
  const same = aRecord({ credentialId: 'sec_2', keyId: 'key_2', expiresAt: at(9), retiresAt: at(9) })
  assert.equal(profiles.hold(same), number)
  assert.equal(profiles.hold(aRecord({ ended: { reason: 'revoked', at: at(0) } })), number)
  const others = [
    aRecord({ ownerId: 'org_2' }),
    aRecord({ environment: 'test' }),
    aRecord({ scopes: new Set() }),
    aRecord({ scopes: new Set(['orders:read', 'orders:write']) }),
    aRecord({ scopes: new Set(['orders:read orders:write']) }),
    aRecord({ metadata: { plan: 'pro' } }),
    aRecord({ ipAllowlist: ranges('10.0.0.0/8') }),
    aRecord({ ipAllowlist: ranges() }),
  ]
  const numbers = new Set([number, ...others.map((record) => profiles.hold(record))])
  assert.equal(numbers.size, others.length + 1)
  for (const record of others) {
    const { credentialId, keyId, ended, retiresAt, expiresAt, ...profile } = record
    assert.deepEqual(profiles.get(profiles.hold(record)), profile)
  }
})

test('a profile goes with its last holder, and its room with it', () => {
  const profiles = new Profiles()
  const number = profiles.hold(aRecord())
  const { bytes } = profiles
  profiles.hold(aRecord())
  profiles.release(number)
  assert.equal(profiles.bytes, bytes)
  profiles.release(number)
  assert.equal(profiles.bytes, 0)
  assert.throws(() => profiles.get(number), RangeError)
  assert.equal(profiles.hold(aRecord({ ownerId: 'org_2' })), number, 'numbers are used again')
  assert.equal(profiles.get(number).ownerId, 'org_2')
})
