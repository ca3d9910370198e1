import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isOwnHost } from './own-host.ts'

const NAMES = new Set(['id.example.com', 'doorward.internal.example'])

for (const host of [
  'id.example.com',
  'ID.Example.com',
  'id.example.com:443',
  'doorward.internal.example:4000',
  'localhost:4000',
  'doorward:4000',
  '127.0.0.1',
  '10.1.2.3:4000',
  '[::1]:4000',
])
  it(`WEB-12: accepts the Host ${host}`, () => assert.equal(isOwnHost(host, NAMES), true))

for (const host of [
  undefined,
  '',
  'evil.example',
  'id.example.com.',
  'id.example.com.evil.example',
  'evil.example:443',
  'id.example.com:443:1',
  'id.example.com@evil.example',
  'id.example.com/',
  'id.example.com, evil.example',
  ' id.example.com',
  'a.id.example.com',
  '127.0.0.1.evil.example',
  '[id.example.com]',
])
  it(`WEB-12: refuses the Host ${host}`, () => assert.equal(isOwnHost(host, NAMES), false))
