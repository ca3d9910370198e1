import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DASHBOARD, returnPathOf } from './return-path.ts'

describe('the path that a sign-in returns to', () => {
  const kept = [
    '/dashboard',
    '/dashboard/keys?state=live#top',
    '/staff/factors',
    `/dashboard/keys/change?ids=${'key_0123456789abcdefghij.'.repeat(100)}&act=revoke`,
    '/dashboard?x=//evil.example',
  ]
  for (const path of kept) it(`keeps ${path}`, () => assert.equal(returnPathOf(path), path))

  const refused = [
    null,
    '',
    '//evil.example/dashboard',
    '/\\evil.example',
    '/dashboard/../..//evil.example',
    '/dashboard/../oauth/authorize',
    '/dashboards',
    'https://evil.example/dashboard',
    'javascript:alert(1)',
    '/\t/evil.example/dashboard',
    `/dashboard/${'a'.repeat(4_000)}`,
  ]
  for (const path of refused)
    it(`WEB-09: does not follow ${JSON.stringify(path)?.slice(0, 60)}`, () =>
      assert.equal(returnPathOf(path), DASHBOARD))

  it('WEB-09: stays on this server, whatever a link says', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `/dashboard${text}`),
        ),
        (text) => {
          const url = new URL(returnPathOf(text), 'https://ours.example')
          assert.equal(url.origin, 'https://ours.example')
          assert.match(url.pathname, /^\/(dashboard|staff)(\/|$)/)
        },
      ),
    )
  })
})
