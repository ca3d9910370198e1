import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { whyNotRedirectUri } from './redirect-uri.ts'

describe('hosts of redirect URIs', () => {
  it('REG-04: are written as browsers send them, and the refusal says how', () => {
    const rows: [uri: string, said: RegExp][] = [
      ['https://mase\u0142kowski.example/cb', /Write it as browsers send it: xn--masekowski-d0b\.example\./],
      ['https://b\u00fccher.example:8443/cb', /xn--bcher-kva\.example:8443/],
      ['https://app.example:443/cb', /Write https:\/\/app\.example\./],
      ['https://app.example./cb', /Write https:\/\/app\.example\./],
      ['https://app.example.:8443/cb', /Write https:\/\/app\.example:8443\./],
      ['https://APP.example/cb', /Write https:\/\/app\.example\./],
      ['https://app.example/b\u00fc', /Percent-encode/],
    ]
    for (const [uri, said] of rows) assert.match(whyNotRedirectUri(uri, 'public') ?? '', said, uri)
    for (const uri of [
      'https://xn--bcher-kva.example/cb',
      'https://app.example:8443/cb',
      'http://127.0.0.1:80/cb',
    ])
      assert.equal(whyNotRedirectUri(uri, 'public'), null, uri)
  })

  it('REG-04: a scheme without a dot only where the operator has named it, and for public clients', () => {
    const uri = 'cursor://anysphere.cursor-mcp/oauth/callback'
    const schemes = new Set(['cursor'])
    assert.match(whyNotRedirectUri(uri, 'public') ?? '', /any app could claim.*localhost/)
    assert.equal(whyNotRedirectUri(uri, 'public', schemes), null)
    assert.match(whyNotRedirectUri(uri, 'confidential', schemes) ?? '', /public clients only/)
    assert.match(whyNotRedirectUri('vscode://a/b', 'public', schemes) ?? '', /any app could claim/)
  })
})
