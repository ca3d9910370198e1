import assert from 'node:assert/strict'
import test from 'node:test'
import { Profiles } from './profiles.ts'
import { aRecord, at, ranges } from './record.fixture.ts'

test('records that differ in ids and ends alone have one profile; any other difference makes another', () => {
  const profiles = new Profiles()
  const profile = profiles.hold(aRecord())
  const same = aRecord({ credentialId: 'sec_2', keyId: 'key_2', expiresAt: at(9), retiresAt: at(9) })
  assert.equal(profiles.hold(same), profile)
  assert.equal(profiles.hold(aRecord({ ended: { reason: 'revoked', at: at(0) } })), profile)
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
  const all = new Set([profile, ...others.map((record) => profiles.hold(record))])
  assert.equal(all.size, others.length + 1)
  for (const record of others) {
    const { credentialId, keyId, ended, retiresAt, expiresAt, ...expected } = record
    const { text, holders, ...held } = profiles.hold(record)
    assert.deepEqual(held, expected)
  }
})

test('a profile goes with its last holder, and its room with it', () => {
  const profiles = new Profiles()
  const profile = profiles.hold(aRecord())
  const { bytes } = profiles
  profiles.hold(aRecord())
  profiles.release(profile)
  assert.equal(profiles.bytes, bytes)
  assert.equal(profiles.hold(aRecord()), profile)
  profiles.release(profile)
  profiles.release(profile)
  assert.equal(profiles.bytes, 0)
  assert.notEqual(profiles.hold(aRecord()), profile, 'it was forgotten')
})
