import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import test from 'node:test'
import { unknownKey } from '../source/record.fixture.ts'
import { fromNodeRequest } from './node-request.ts'
import { readCredential } from './presented.ts'

const key = unknownKey()
const made = (request: object) => fromNodeRequest(request as IncomingMessage, '/orders')

test('a request made of an event, as by serverless-http, has its headers read where raw ones are missing', () => {
  const headers = { Authorization: `Bearer ${key}`, 'x-forwarded-for': '203.0.113.7', 'user-agent': 'curl/8' }
  for (const rawHeaders of [[], undefined]) {
    const incoming = made({ method: 'GET', headers, rawHeaders, socket: undefined })
    assert.deepEqual(incoming, {
      method: 'GET',
      authorization: [`Bearer ${key}`],
      xApiKey: [],
      url: '/orders',
      peerIp: null,
      forwardedFor: '203.0.113.7',
      userAgent: 'curl/8',
    })
  }
})

test('VER-14: there too, a header that came twice is seen as two', () => {
  const headers = { authorization: [`Bearer ${key}`, 'Bearer other'] }
  const presented = readCredential(made({ headers, rawHeaders: [], socket: {} }))
  assert.equal(!presented.ok && presented.fault.reason, 'two_credentials')
})

test('VER-14: where there are raw headers, what Node or a middleware made of them is not looked at', () => {
  const rawHeaders = [
    'Authorization',
    `Bearer ${key}`,
    'Authorization',
    'Bearer other',
    'X-Forwarded-For',
    '',
  ]
  const incoming = made({ headers: { authorization: `Bearer ${key}` }, rawHeaders, socket: {} })
  assert.deepEqual(incoming.authorization, [`Bearer ${key}`, 'Bearer other'])
  assert.equal(incoming.forwardedFor, '')
})
