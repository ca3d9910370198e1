import assert from 'node:assert/strict'
import { it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { fromAcceptWire } from './login-challenge.wire.ts'

it('KEY-06: does not store a credential in an owner’s name at sign-in', () => {
  const secret = mintCredential('api_key', { environment: 'live' }).reveal()
  const owners = [{ id: 'org_1', name: `Acme ${secret}` }]
  const told = fromAcceptWire({ user_id: 'user_1', display_name: 'Ada', owners })
  assert.deepEqual(told.owners, [{ id: 'org_1', name: 'Acme [secret]' }])
})
