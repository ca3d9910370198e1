import assert from 'node:assert/strict'
import { it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { readClientMetadata } from './read-client-metadata.ts'

it('KEY-06: a credential in the name that a stranger gives an app is not kept', () => {
  const secret = mintCredential('api_key', { environment: 'live' }).reveal()
  const said = { client_name: `Editor ${secret}`, redirect_uris: ['https://app.example.com/cb'] }
  const read = readClientMetadata(said, [], 'none')
  assert.ok(read.ok)
  assert.equal(read.value.name, 'Editor [secret]')
})
