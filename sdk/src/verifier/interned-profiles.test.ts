import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { aRecord, at, ranges } from '../source/record.fixture.ts'
import { InternedProfiles } from './interned-profiles.ts'

const ONE = aRecord()

test('records that differ only in ids and ends share one profile; any other difference makes another', () => {
  const profiles = new InternedProfiles()
  const profile = profiles.intern(aRecord())
  const same = aRecord({ credentialId: 'sec_2', keyId: 'key_2', expiresAt: at(9), retiresAt: at(9) })
  assert.equal(profiles.intern(same), profile)
  assert.equal(profiles.intern(aRecord({ ended: { reason: 'revoked', at: at(0) } })), profile)
  const others = [
    aRecord({ ownerId: 'org_2' }),
    aRecord({ environment: 'test' }),
    aRecord({ scopes: new Set() }),
    aRecord({ scopes: new Set(['orders:read', 'orders:write']) }),
    aRecord({ scopes: new Set(['orders:read orders:write']) }),
    aRecord({ metadata: { plan: 'pro' } }),
    aRecord({ ipAllowlist: ranges('10.0.0.0/8') }),
    aRecord({ ipAllowlist: ranges() }),
    aRecord({ ownerId: 'org_1cli_1', clientId: null }),
    aRecord({ ownerId: 'org_1', clientId: 'cli_1' }),
    aRecord({ ownerId: 'org_1', clientId: 'cli_1usr_1' }),
    aRecord({ ownerId: 'org_1', clientId: 'cli_1', userId: 'usr_1' }),
    aRecord({ ownerId: 'org_1', userId: 'cli_1' }),
    aRecord({ ownerId: 'org_1', clientId: 'null' }),
    aRecord({ ownerId: 'org_1', userId: 'undefined' }),
    aRecord({ kind: 'access_token' }),
  ]
  const all = new Set([profile, ...others.map((record) => profiles.intern(record))])
  assert.equal(all.size, others.length + 1)
  for (const record of others) {
    const { credentialId, keyId, ended, retiresAt, expiresAt, ...expected } = record
    const { key, parts, scopesView, references, isInvalidated, ...held } = profiles.intern(record)
    assert.deepEqual(held, expected)
  }
})

test('records that share some parts with the one before have their own profile', () => {
  const [environments, scopes] = [
    ['live', 'test'],
    [new Set(['orders:read']), new Set(['orders:write'])],
  ]
  const [metadata, ipAllowlist] = [
    [{}, { plan: 'pro' }],
    [null, ranges('10.0.0.0/8'), ranges('10.0.0.0/9')],
  ]
  const part = fc.record({
    environment: fc.constantFrom(...environments),
    scopes: fc.constantFrom(...scopes),
    metadata: fc.constantFrom(...metadata),
    ipAllowlist: fc.constantFrom(...ipAllowlist),
    ownerId: fc.constantFrom('org_1', 'org_2'),
  })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (different) => {
      const profiles = new InternedProfiles()
      for (const each of different) {
        const { environment, scopes, metadata, ipAllowlist, ownerId } = profiles.intern(aRecord(each))
        assert.deepEqual({ environment, scopes, metadata, ipAllowlist, ownerId }, { ...each })
      }
    }),
  )
})

for (const [what, record] of [
  ['of equal records', () => aRecord()],
  ['of one record', () => ONE],
] as const)
  test(`a profile ${what} is freed with its last reference, and its bytes with it`, () => {
    const profiles = new InternedProfiles()
    const profile = profiles.intern(record())
    const { bytes } = profiles
    profiles.intern(record())
    profiles.release(profile)
    assert.equal(profiles.bytes, bytes)
    assert.equal(profiles.intern(record()), profile)
    profiles.release(profile)
    profiles.release(profile)
    assert.equal(profiles.bytes, 0)
    assert.notEqual(profiles.intern(record()), profile, 'it was forgotten')
  })

test('an invalidated profile gets no new references, and is freed with its last one', () => {
  const profiles = new InternedProfiles()
  const token = aRecord({ kind: 'access_token', keyId: null, clientId: 'cli_1', ownerId: 'org_2' })
  const [first, other] = [aRecord(), aRecord({ metadata: { n: 1 } })].map((each) => profiles.intern(each))
  const theirs = profiles.intern(token)
  assert.ok(first !== undefined && other !== undefined)
  const { bytes } = profiles
  profiles.invalidate({ ownerIds: [first.ownerId, 'org_none'], clientIds: [] })
  assert.deepEqual(
    [first, other, theirs].map((each) => each.isInvalidated),
    [true, true, false],
  )
  const again = profiles.intern(aRecord())
  assert.notEqual(again, first)
  profiles.release(first)
  assert.equal(profiles.intern(aRecord()), again, 'the old one takes nothing along')
  profiles.release(other)
  profiles.release(again)
  profiles.invalidate({ ownerIds: [first.ownerId, 'org_2'], clientIds: ['cli_1'] })
  assert.deepEqual([again.isInvalidated, theirs.isInvalidated], [true, true])
  profiles.release(again)
  profiles.release(theirs)
  assert.equal(profiles.bytes, 0)
  assert.ok(bytes > 0)
})

test('the record that was interned last has a new profile once its own was invalidated or cleared', () => {
  const profiles = new InternedProfiles()
  const first = profiles.intern(ONE)
  assert.equal(profiles.intern(ONE), first)
  profiles.invalidate({ ownerIds: [ONE.ownerId], clientIds: [] })
  const second = profiles.intern(ONE)
  assert.notEqual(second, first)
  profiles.clear()
  assert.notEqual(profiles.intern(ONE), second)
})
