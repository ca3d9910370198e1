import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { canonicalResource, isForResource } from './resource.ts'

test('a resource has one spelling, which has no slash for an empty path', () => {
  const rows: readonly (readonly [spelled: string, canonical: string])[] = [
    ['https://api.example', 'https://api.example'],
    ['https://api.example/', 'https://api.example'],
    ['HTTPS://API.example:443/', 'https://api.example'],
    ['https://api.example:/', 'https://api.example'],
    ['http://127.0.0.1:80/mcp', 'http://127.0.0.1/mcp'],
    ['http://[::1]:80/', 'http://[::1]'],
    ['https://api.example/?x=1', 'https://api.example?x=1'],
    ['https://api.example/mcp/', 'https://api.example/mcp/'],
    ['https://api.example//', 'https://api.example//'],
    ['https://api.example:8443/', 'https://api.example:8443'],
    ['https://a@api.example/', 'https://a@api.example/'],
    ['urn:API', 'urn:API'],
    ['', ''],
  ]
  for (const [spelled, canonical] of rows) assert.equal(canonicalResource(spelled), canonical, spelled)
})

test('RS-06: the spelling that a URL parser writes is the same API, and no other text is', () => {
  fc.assert(
    fc.property(fc.domain(), fc.webUrl(), fc.string(), (host, url, more) => {
      const origin = `https://${host}`
      assert.equal(isForResource([origin], new URL(origin).href), true)
      assert.equal(isForResource([new URL(origin).href], origin), true)
      assert.equal(canonicalResource(canonicalResource(url)), canonicalResource(url))
      assert.equal(isForResource([url], `${url}${url.endsWith('/') ? '' : '/'}x${more}`), false)
    }),
  )
  assert.equal(isForResource([], 'https://api.example'), false)
  assert.equal(isForResource(['https://other.example', 'https://api.example'], 'https://api.example/'), true)
})
