import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { declaredResource } from './match-resource.ts'

const ROWS: readonly (readonly [asked: string, declared: string, same: boolean])[] = [
  ['https://api.example/', 'https://api.example', true],
  ['https://api.example', 'https://api.example/', true],
  ['https://api.example:443/', 'https://api.example', true],
  ['https://api.example:/', 'https://api.example', true],
  ['HTTPS://API.example', 'https://api.example', true],
  ['http://127.0.0.1:80/mcp', 'http://127.0.0.1/mcp', true],
  ['https://api.example?x=1', 'https://api.example/?x=1', true],
  ['http://[::1]:80', 'http://[::1]', true],
  ['https://api.example:80/', 'https://api.example', false],
  ['http://api.example/', 'https://api.example', false],
  ['https://api.example/mcp/', 'https://api.example/mcp', false],
  ['https://api.example/MCP', 'https://api.example/mcp', false],
  ['https://api.example//', 'https://api.example', false],
  ['https://api.example/?', 'https://api.example/', false],
  ['https://a@api.example/', 'https://api.example', false],
  ['https://api.example.', 'https://api.example', false],
  ['https://api.example/%2e', 'https://api.example/', false],
  ['urn:API', 'urn:api', false],
]

describe('the resource that a client means', () => {
  for (const [asked, declared, same] of ROWS)
    it(`AUZ-13: ${asked} is ${same ? '' : 'not '}${declared}`, () => {
      assert.equal(declaredResource(asked, ['https://other.example', declared]), same ? declared : undefined)
    })

  it('AUZ-13: what is declared as it was asked comes first, and no text is taken for another place', () => {
    const both = ['https://api.example', 'https://api.example/']
    for (const each of both) assert.equal(declaredResource(each, both), each)
    fc.assert(
      fc.property(fc.webUrl(), fc.string(), (url, more) => {
        assert.equal(declaredResource(url, [url]), url)
        const other = `${url}${url.endsWith('/') ? '' : '/'}x${more}`
        assert.equal(declaredResource(other, [url]), undefined)
      }),
    )
  })
})
