import assert from 'node:assert/strict'
import test from 'node:test'
import { aRecord, at, NOW, ranges } from '../source/record.fixture.ts'
import { type Ask, judge } from './judge.ts'
import type { CredentialRecord } from './record.ts'

const ask: Ask = { scopes: ['orders:read'], environment: 'live', clientIp: '203.0.113.7' }

function refusal(record: CredentialRecord | null, different: Partial<Ask> = {}) {
  const verdict = judge(record, { ...ask, ...different }, NOW)
  return verdict.valid ? null : verdict.refusal
}

test('an active credential in its place, with its scopes, yields the principal', () => {
  const record = aRecord({ metadata: { plan: 'pro' }, expiresAt: at(1) })
  const verdict = judge(record, ask, NOW)
  assert.ok(verdict.valid)
  const { scopes, ...rest } = verdict.principal
  assert.deepEqual([...scopes], ['orders:read'])
  assert.deepEqual(
    { ...verdict, principal: rest },
    {
      valid: true,
      principal: {
        kind: 'api_key',
        credentialId: 'sec_1',
        keyId: 'key_1',
        clientId: null,
        userId: null,
        ownerId: 'org_1',
        environment: 'live',
        expiresAt: at(1),
        metadata: { plan: 'pro' },
      },
    },
  )
})

test('RS-06: a token for another API is refused here; a key has its scopes alone', () => {
  const token = aRecord({ kind: 'access_token', audiences: ['https://a.example', 'https://b.example'] })
  assert.equal(refusal(token, { resource: 'https://b.example' }), null)
  assert.equal(refusal(token), null)
  assert.equal(refusal(token, { resource: 'https://b.example/' }), null)
  assert.deepEqual(refusal(token, { resource: 'https://b.example/c' }), {
    reason: 'wrong_audience',
    audiences: ['https://a.example', 'https://b.example'],
    expected: 'https://b.example/c',
  })
  assert.equal(refusal(aRecord(), { resource: 'https://b.example' }), null)
})

test('each reason, with its evidence', () => {
  assert.deepEqual(refusal(null), { reason: 'unknown' })
  for (const reason of ['revoked', 'rotated', 'expired', 'owner_suspended', 'disabled'] as const)
    assert.deepEqual(refusal(aRecord({ ended: { reason, at: at(-9) } })), { reason, at: at(-9) })
  assert.deepEqual(refusal(aRecord({ retiresAt: at(0) })), { reason: 'rotated', at: at(0) })
  assert.deepEqual(refusal(aRecord({ expiresAt: at(0) })), { reason: 'expired', at: at(0) })
  assert.deepEqual(refusal(aRecord({ environment: 'test' })), {
    reason: 'environment_mismatch',
    actual: 'test',
    expected: 'live',
  })
  assert.deepEqual(refusal(aRecord({ ipAllowlist: ranges('10.0.0.0/8') })), {
    reason: 'ip_not_allowed',
    clientIp: '203.0.113.7',
  })
  assert.deepEqual(refusal(aRecord(), { scopes: ['orders:read', 'orders:write'] }), {
    reason: 'missing_scope',
    missing: ['orders:write'],
    required: ['orders:read', 'orders:write'],
  })
})

test('the order is known, alive, here, allowed: a later fault is not revealed', () => {
  const wrongInAllWays = {
    ended: { reason: 'revoked', at: at(-9) },
    expiresAt: at(-8),
    environment: 'test',
    ipAllowlist: ranges(),
    scopes: new Set<string>(),
  } as const
  const repairs: Partial<CredentialRecord>[] = [
    { ended: null },
    { expiresAt: null },
    { environment: 'live' },
    { ipAllowlist: null },
    { scopes: new Set(['orders:read']) },
  ]
  let record = aRecord(wrongInAllWays)
  const told = [refusal(null)?.reason, refusal(record)?.reason]
  for (const repair of repairs) {
    record = { ...record, ...repair }
    told.push(refusal(record)?.reason)
  }
  assert.deepEqual(told, [
    'unknown',
    'revoked',
    'expired',
    'environment_mismatch',
    'ip_not_allowed',
    'missing_scope',
    undefined,
  ])
})

test('VER-03: compares a scope whole and case-sensitively', () => {
  const scopes = (...names: string[]) => aRecord({ scopes: new Set(names) })
  for (const held of ['orders:rea', 'orders:read_all', 'Orders:read', 'orders:*', '*', 'orders', ''])
    assert.equal(refusal(scopes(held))?.reason, 'missing_scope', held)
  assert.equal(refusal(scopes('users:read', 'orders:read')), null)
  assert.equal(refusal(scopes(), { scopes: [] }), null)
})

test('VER-12: an allow-list never contains an unknown address, and an empty one contains none', () => {
  const anywhere = ranges('0.0.0.0/0', '::/0')
  assert.equal(refusal(aRecord({ ipAllowlist: anywhere })), null)
  assert.deepEqual(refusal(aRecord({ ipAllowlist: anywhere }), { clientIp: null }), {
    reason: 'ip_not_allowed',
    clientIp: null,
  })
  assert.equal(refusal(aRecord({ ipAllowlist: ranges() }))?.reason, 'ip_not_allowed')
})

test('KEY-18: a test key never passes a live check; null leaves the separation of environments to the API', () => {
  assert.equal(
    refusal(aRecord({ environment: 'test' }), { environment: 'live' })?.reason,
    'environment_mismatch',
  )
  assert.equal(
    refusal(aRecord({ environment: 'Live' }), { environment: 'live' })?.reason,
    'environment_mismatch',
  )
  assert.equal(refusal(aRecord({ environment: 'test' }), { environment: null }), null)
})
