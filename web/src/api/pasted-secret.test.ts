import assert from 'node:assert/strict'
import { it } from 'node:test'
import { credentialsIn, mintCredential } from '@doorward/sdk/kernel'
import { secretIn } from './pasted-secret.ts'

const minted = [
  mintCredential('api_key', { environment: 'live' }),
  mintCredential('api_key', { environment: 'test', brand: 'acme_pay' }),
  mintCredential('access_token', { environment: 'live' }),
  mintCredential('client_secret', { environment: 'live' }),
  mintCredential('admin_key'),
].map((secret) => secret.reveal())

it('KEY-02: a secret is found in what people paste, as the server finds it', () => {
  for (const secret of minted)
    for (const pasted of [
      secret,
      ` Bearer ${secret}\n`,
      `API_KEY=${secret}`,
      `curl -H "Authorization: Bearer ${secret}"`,
      `?q=${secret}&limit=5`,
      `(${secret})`,
    ]) {
      assert.equal(secretIn(pasted), secret, pasted)
      assert.deepEqual(credentialsIn(pasted), [secret])
    }
})

it('names, ids, hints and hashes are no secrets', () => {
  const [secret = ''] = minted
  for (const text of [
    'nightly export',
    'key_fzpPmCJy7knUu1cRxafF',
    secret.slice(0, 12),
    secret.slice(0, -1),
    'f'.repeat(64),
    '',
  ])
    assert.equal(secretIn(text), null, text)
})
