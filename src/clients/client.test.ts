import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stateOf, whyEnded, whyNotAuthorize } from './client.ts'

const AT = new Date('2030-01-01T00:00:00.000Z')
const DRAFT = {
  publishedAt: null,
  suspendedAt: null,
  ownerSuspendedAt: null,
  revokedAt: null,
  testers: ['user_1'],
}

describe('the states of a client', () => {
  for (const [what, more, state, ended, tester, anybody] of [
    ['not published', {}, 'draft', null, null, 'not_a_tester'],
    ['published', { publishedAt: AT }, 'live', null, null, null],
    ['suspended as a draft', { suspendedAt: AT }, 'suspended', ...three('client_suspended')],
    ['suspended', { publishedAt: AT, suspendedAt: AT }, 'suspended', ...three('client_suspended')],
    [
      'of a suspended owner',
      { publishedAt: AT, ownerSuspendedAt: AT },
      'suspended',
      ...three('owner_suspended'),
    ],
    ['revoked', { publishedAt: AT, suspendedAt: AT, revokedAt: AT }, 'revoked', ...three('client_revoked')],
  ] as const)
    it(`${what}: ${state}`, () => {
      const client = { ...DRAFT, ...more }
      assert.equal(stateOf(client), state)
      assert.equal(whyEnded(client), ended)
      assert.equal(whyNotAuthorize(client, 'user_1'), tester)
      assert.equal(whyNotAuthorize(client, 'user_2'), anybody)
    })
})

function three<T>(reason: T): readonly [T, T, T] {
  return [reason, reason, reason]
}
