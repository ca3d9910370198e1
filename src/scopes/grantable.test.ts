import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyNotGrantable } from './grantable.ts'

const scope = (name: string) => ({
  name,
  apiId: 'api_1',
  description: 'x',
  sensitivity: 'basic' as const,
  implies: [],
  deprecatedAt: null,
  createdAt: new Date(0),
})

test('MGT-12: of many unknown scopes the first three are compared with the catalogue, and twenty are named', () => {
  const catalogue = Array.from({ length: 1_000 }, (_, at) => scope(`resource${at}:read`))
  const asked = Array.from({ length: 200 }, (_, at) => `resource${at}:raed`)
  const fault = whyNotGrantable(asked, catalogue)
  assert.equal(fault?.code, 'unknown_scope')
  assert.equal(fault?.faults?.length, 20)
  assert.equal(fault?.faults?.filter(({ message }) => /did you mean/.test(message)).length, 3)
  assert.equal(fault?.faults?.[3]?.at, '/scopes/3')
  assert.match(fault?.detail ?? '', /did you mean "resource0:read"\?.*And 180 more\.$/)
  assert.ok((fault?.detail.length ?? 0) < 3_000)
})

test('a deprecated scope is given out to its holders only', () => {
  const old = { ...scope('orders:read'), deprecatedAt: new Date(0) }
  assert.equal(whyNotGrantable(['orders:read'], [old])?.code, 'deprecated_scope')
  assert.equal(whyNotGrantable(['orders:read'], [old], ['orders:read']), null)
})
