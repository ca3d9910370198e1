import assert from 'node:assert/strict'
import { it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { fromAcceptWire } from './login-challenge.wire.ts'

it('KEY-06: a credential in the name of an owner at sign-in is not kept', () => {
  const secret = mintCredential('api_key', { environment: 'live' }).reveal()
  const owners = [{ id: 'org_1', name: `Acme ${secret}` }]
  const told = fromAcceptWire({ user_id: 'user_1', display_name: 'Ada', owners })
  assert.deepEqual(told.owners, [{ id: 'org_1', name: 'Acme [secret]' }])
})
