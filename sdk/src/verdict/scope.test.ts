import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { expandScopes, nearestName, parseScope } from './scope.ts'

test('a scope is exactly one <resource>:<action>', () => {
  for (const scope of ['orders:read', 'orders.items:write', 'a:b', 'line_items-2:read_all'])
    assert.equal(parseScope(scope), scope)
  const wrong = [
    '',
    'orders',
    'orders:',
    ':read',
    'orders:read:all',
    'Orders:read',
    'orders:Read',
    'orders:*',
    '*',
  ]
  wrong.push(
    ' orders:read',
    'orders:read ',
    'orders:read\n',
    'orders read',
    'orders:read orders:write',
    'ördérs:read',
  )
  wrong.push('orders:"', 'orders:\\', `${'a'.repeat(65)}:read`, `a:${'b'.repeat(33)}`, 'a\0:read')
  for (const text of wrong) assert.equal(parseScope(text), null, JSON.stringify(text))
})

test('what is a scope can stand in a challenge and in a space-separated list', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z]{1,4}:[ -~]{1,4}$/)), (text) => {
      const scope = parseScope(text)
      if (scope !== null) assert.match(scope, /^[\x21\x23-\x5b\x5d-\x7e]+$/)
    }),
    { numRuns: 2_000 },
  )
})

test('implication goes any number of steps, and circles end', () => {
  const implies = new Map([
    ['orders:admin', ['orders:write']],
    ['orders:write', ['orders:read']],
    ['orders:read', ['orders:admin']],
    ['users:admin', ['users:read', 'orders:read']],
  ])
  assert.deepEqual([...expandScopes(['orders:write'], new Map())], ['orders:write'])
  const all = new Set(['orders:admin', 'orders:write', 'orders:read'])
  for (const scope of all) assert.deepEqual(expandScopes([scope], implies), all)
  assert.deepEqual(expandScopes(['users:admin'], implies), new Set([...all, 'users:admin', 'users:read']))
  assert.deepEqual(expandScopes([], implies), new Set())
})

test('VER-03: nothing is implied but what the map says', () => {
  const names: fc.Arbitrary<string> = fc.constantFrom(
    'a:read',
    'a:write',
    'ab:read',
    'b:read',
    '__proto__:read',
    'constructor',
  )
  const graph = fc.array(fc.tuple(names, fc.array(names, { maxLength: 3 })), { maxLength: 5 })
  fc.assert(
    fc.property(fc.array(names), graph, (granted, edges) => {
      const implies = new Map(edges)
      const allowed = expandScopes(granted, implies)
      for (const scope of allowed)
        assert.ok(granted.includes(scope) || [...allowed].some((by) => implies.get(by)?.includes(scope)))
      for (const scope of [...granted, ...[...allowed].flatMap((by) => implies.get(by) ?? [])])
        assert.ok(allowed.has(scope))
    }),
  )
})

test('the nearest known name is found, and a far one is none', () => {
  const known = ['orders:read', 'orders:write', 'users:read']
  assert.equal(nearestName('ordres:read', known), 'orders:read')
  assert.equal(nearestName('orders:wirte', known), 'orders:write')
  assert.equal(nearestName('user:read', known), 'users:read')
  assert.equal(nearestName('invoices:delete', known), null)
  assert.equal(nearestName('', known), null)
  assert.equal(nearestName('orders:read', []), null)
  assert.equal(nearestName('x'.repeat(1e6), known), null)
})

test('VER-04: a name that is too long for a typing error is not compared', () => {
  let compared = 0
  const counted = (function* () {
    for (let at = 0; at < 1_000; at++) {
      compared += 1
      yield `a:${at}`
    }
  })()
  assert.equal(nearestName('x'.repeat(65), counted), null)
  assert.equal(compared, 0)
})

test('the nearest name is one of those with the fewest changes, at most a third of the name and four', () => {
  const names = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 })
  const distance = (a: string, b: string): number =>
    a === '' || b === ''
      ? a.length + b.length
      : Math.min(
          distance(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1),
          ...(a[0] === b[0] ? [] : [distance(a.slice(1), b) + 1, distance(a, b.slice(1)) + 1]),
        )
  fc.assert(
    fc.property(names, fc.array(names, { maxLength: 4 }), (name, known) => {
      const fewest = Math.min(...known.map((each) => distance(name, each)))
      const nearest = nearestName(name, known)
      if (fewest > Math.min(4, Math.floor(name.length / 3))) assert.equal(nearest, null)
      else assert.equal(distance(name, nearest ?? ''), fewest)
    }),
    { numRuns: 60 },
  )
})
