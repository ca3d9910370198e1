import assert from 'node:assert/strict'
import test from 'node:test'
import { aRecord, at, ranges } from '../source/record.fixture.ts'
import { Profiles } from './profiles.ts'

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
    const { text, parts, shownScopes, holders, isOutdated, ...held } = profiles.hold(record)
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

test('a profile of an owner or client that changed is given to nobody new, and goes with its last holder', () => {
  const profiles = new Profiles()
  const token = aRecord({ kind: 'access_token', keyId: null, clientId: 'cli_1', ownerId: 'org_2' })
  const [first, other] = [aRecord(), aRecord({ metadata: { n: 1 } })].map((each) => profiles.hold(each))
  const theirs = profiles.hold(token)
  assert.ok(first !== undefined && other !== undefined)
  const { bytes } = profiles
  profiles.outdate({ ownerIds: [first.ownerId, 'org_none'], clientIds: [] })
  assert.deepEqual(
    [first, other, theirs].map((each) => each.isOutdated),
    [true, true, false],
  )
  const again = profiles.hold(aRecord())
  assert.notEqual(again, first)
  profiles.release(first)
  assert.equal(profiles.hold(aRecord()), again, 'the old one takes nothing along')
  profiles.release(other)
  profiles.release(again)
  profiles.outdate({ ownerIds: [first.ownerId, 'org_2'], clientIds: ['cli_1'] })
  assert.deepEqual([again.isOutdated, theirs.isOutdated], [true, true])
  profiles.release(again)
  profiles.release(theirs)
  assert.equal(profiles.bytes, 0)
  assert.ok(bytes > 0)
})
