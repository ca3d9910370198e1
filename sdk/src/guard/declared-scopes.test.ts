import assert from 'node:assert/strict'
import test from 'node:test'
import { Hono } from 'hono'
import * as express from '../express.ts'
import * as fastify from '../fastify.ts'
import * as fetch from '../fetch.ts'
import * as hono from '../hono.ts'
import { Records } from '../source/record.fixture.ts'

const setting = { environment: 'live', source: new Records() }
const declared = { ...setting, scopes: ['orders:read', 'orders:write'] } as const

test('a scope that is not declared is an error: of the compiler, and when the program starts', () => {
  const { guard } = fetch.doorward({ ...setting, scopes: ['orders:read', 'orders:write'] })
  guard('orders:read', 'orders:write')
  guard()
  // @ts-expect-error
  const mistyped = () => guard('ordres:read')
  assert.throws(mistyped, /ordres:read is not among the declared scopes; did you mean orders:read\?/)
  // @ts-expect-error
  const another = () => guard('orders:read', 'invoices:delete')
  assert.throws(another, /invoices:delete is not among the declared scopes$/)
})

test('every adapter knows the declared scopes', () => {
  // @ts-expect-error
  assert.throws(() => express.doorward(declared).guard('ordres:read'))
  // @ts-expect-error
  assert.throws(() => fastify.doorward(declared).guard('ordres:read'))
  // @ts-expect-error
  assert.throws(() => hono.doorward(declared).guard('ordres:read'))
  // @ts-expect-error
  assert.throws(() => fetch.doorward(declared).guard('ordres:read'))
})

test('without a declared catalogue accepts any scope, and refuses a text that is not one', () => {
  const { guard } = fetch.doorward(setting)
  guard('ordres:read')
  for (const wrong of ['orders', 'orders:*', 'orders:read orders:write', 'a:"'])
    assert.throws(() => guard(wrong), /is not a scope/)
})

test('the principal is typed where a handler meets it', () => {
  const { guard } = hono.doorward(declared)
  new Hono().get('/orders', guard('orders:read'), (c) => {
    const { ownerId, scopes } = c.get('principal')
    const owner: string = ownerId
    // @ts-expect-error
    const wrong: number = ownerId
    return c.json({ owner, wrong, scopes: [...scopes] })
  })
  fetch.doorward(declared).guard('orders:read')((_, principal) => {
    // @ts-expect-error: what a principal holds is not for a handler to change
    principal.ownerId = 'org_2'
    return new Response(principal.ownerId)
  })
})
