import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import { createVerifier } from '../index.ts'
import { aRecord, NOW, Records } from '../source/record.fixture.ts'
import type { Ask } from '../verdict/judge.ts'
import type { Principal } from '../verdict/record.ts'
import { recordFromWire, recordToWire } from '../verdict/record.wire.ts'

const ASK: Ask = { scopes: ['orders:read'], environment: 'live', clientIp: null }

/** Principals of two owners with the same scopes and metadata: from a lookup, and from the cache. */
async function principals(): Promise<Principal[]> {
  const source = new Records()
  const wire = () => recordToWire(aRecord({ metadata: { plan: 'pro', tags: ['a', { deep: true }] } }))
  const verifier = createVerifier({ source, now: () => NOW })
  const found: Principal[] = []
  for (const ownerId of ['org_1', 'org_2']) {
    const key = source.add({ ...recordFromWire(wire()), ownerId, credentialId: `sec_${ownerId}` })
    for (const verdict of [await verifier.verify(key, ASK), await verifier.verify(key, ASK)]) {
      assert.ok(verdict.valid)
      found.push(verdict.principal)
    }
  }
  return found
}

test('VER-03: no handler can give a scope to the credentials of others', async () => {
  for (const { scopes } of await principals()) {
    const any = scopes as unknown as Record<string, unknown> & Set<string>
    assert.throws(() => any.add('admin:everything'), TypeError)
    for (const method of ['add', 'delete', 'clear'] as const)
      assert.throws(
        () => (Set.prototype[method] as (scope: string) => unknown).call(any, 'orders:read'),
        TypeError,
      )
    assert.throws(() => {
      any.has = () => true
    }, TypeError)
    assert.throws(
      () => Object.defineProperty(Object.getPrototypeOf(any), 'has', { value: () => true }),
      TypeError,
    )
    for (const iterator of [scopes.values(), scopes.keys(), scopes[Symbol.iterator]()])
      assert.deepEqual([...iterator], ['orders:read'])
    scopes.union(new Set(['admin:everything'])).add('admin:else')
    scopes.forEach((_scope, _again, all) => {
      assert.equal(all, scopes)
    })
  }
  for (const { scopes } of await principals()) {
    assert.equal(scopes.has('admin:everything'), false)
    assert.deepEqual([scopes.size, scopes.has('orders:read')], [1, true])
  }
})

test('KEY-05: no handler can write into the metadata that others see', async () => {
  for (const { metadata } of await principals()) {
    const any = metadata as { cart?: string; tags: unknown[] }
    assert.throws(() => {
      any.cart = 'of org_1'
    }, TypeError)
    assert.throws(() => any.tags.push('b'), TypeError)
    assert.throws(() => {
      ;(any.tags[1] as { deep: boolean }).deep = false
    }, TypeError)
    assert.deepEqual(metadata, { plan: 'pro', tags: ['a', { deep: true }] })
  }
})

test('a principal shows its scopes, as JSON and in a log', async () => {
  for (const principal of await principals()) {
    assert.deepEqual(JSON.parse(JSON.stringify(principal)).scopes, ['orders:read'])
    assert.match(inspect(principal), /orders:read/)
    assert.deepEqual([...principal.scopes.entries()], [['orders:read', 'orders:read']])
    assert.ok(principal.scopes.isSubsetOf(new Set(['orders:read', 'orders:write'])))
  }
})
