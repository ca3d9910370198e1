import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { client } from '../../clients/authentication/client.fixture.ts'
import type { Client } from '../../clients/client.ts'
import type { Catalogue } from '../../scopes/catalogue.ts'
import type { SignedInUser } from '../../sessions/person.ts'
import type { Grant } from '../grants/grant.ts'
import type { Facts } from './authorization-facts.ts'
import { nextStep } from './next-step.ts'

const NOW = new Date('2026-03-01T12:00:00Z')
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)
const URI = 'https://app.example.com/cb'

const user: SignedInUser = {
  userId: 'usr_1',
  sessionId: 'ses_1',
  displayName: 'Ann',
  email: null,
  owners: [{ id: 'org_a', name: 'Acme' }],
  authenticatedAt: at(-60),
}
const app = (more: Partial<Client> = {}) =>
  client('client_secret_basic', { redirectUris: [URI], optionalScopes: ['orders:read'], ...more })
const request: Facts['request'] = {
  clientId: app().id,
  redirectUri: URI,
  state: null,
  scopes: ['orders:read'],
  resources: [],
  codeChallenge: 'c'.repeat(43),
  prompt: [],
  maxAge: null,
  loginHint: null,
  createdAt: NOW,
  expiresAt: at(1800),
}
const catalogue: Catalogue['scopes'] = new Map([
  ['orders:read', { description: 'Read orders', sensitivity: 'basic', brings: [] }],
])
const grant: Grant = {
  id: 'grt_1',
  userId: 'usr_1',
  clientId: app().id,
  ownerId: 'org_a',
  scopes: ['orders:read'],
  implied: [],
  shown: { client_name: 'An app', redirect_host: 'app.example.com', owner_name: 'Acme', scopes: [] },
  createdAt: at(-600),
  consentedAt: at(-600),
  expiresAt: null,
  lastUsedAt: null,
  revokedAt: null,
  revokedBy: null,
  revokedReason: null,
}
const facts = (more: Partial<Facts> = {}): Facts => ({
  token: 'ar_1',
  request,
  answered: null,
  client: app(),
  catalogue,
  user,
  grants: [],
  blockingOwnerIds: new Set(),
  ...more,
})
const answered = { decision: 'allow', form: null, yes: null, at: at(-5) } as const
const named = (next: ReturnType<typeof nextStep>) =>
  next.step === 'dead_end' ? `${next.step} ${next.end.why}` : next.step
const step = (more: Partial<Facts> | null, isDeciding = false) =>
  named(nextStep(more === null ? null : facts(more), null, NOW, isDeciding))

describe('the next step of an authorization request', () => {
  const gone = { client: undefined, answered, user: null }
  for (const [expected, given] of [
    ['dead_end unknown', null],
    ['dead_end busy', { client: 'busy', answered }],
    ['dead_end client_gone', gone],
    ['dead_end client_gone', { client: app({ revokedAt: NOW }) }],
    ['dead_end client_suspended', { client: app({ suspendedAt: NOW }), answered }],
    ['dead_end redirect_uri_removed', { client: app({ redirectUris: ['https://b.example/cb'] }), answered }],
    ['dead_end answered', { answered, request: { ...request, expiresAt: NOW }, user: null }],
    ['dead_end expired', { request: { ...request, expiresAt: NOW }, user: null }],
    ['sign_in', { user: null }],
    ['sign_in', { request: { ...request, prompt: ['login'] }, grants: [grant] }],
    ['sign_in', { request: { ...request, maxAge: 59 }, grants: [grant] }],
    ['dead_end not_open_to_user', { client: app({ publishedAt: null }), grants: [grant] }],
    ['dead_end no_owner', { user: { ...user, owners: [] } }],
    ['dead_end blocked', { blockingOwnerIds: new Set(['org_a']) }],
    ['dead_end blocked', { blockingOwnerIds: new Set(['org_a']), client: app({ firstParty: true }) }],
    ['prior_consent', { grants: [grant] }],
    ['prior_consent', { client: app({ firstParty: true }) }],
    ['question', {}],
    ['question', { grants: [{ ...grant, expiresAt: NOW }] }],
    ['question', { grants: [{ ...grant, scopes: [] }] }],
    ['question', { grants: [grant], request: { ...request, prompt: ['consent'] } }],
    ['question', { grants: [grant], client: app({ source: 'dynamic' }) }],
  ] as readonly (readonly [string, Partial<Facts> | null])[])
    it(`AUZ-02 CON-17: is ${expected} with ${JSON.stringify(given)?.slice(0, 60)}`, () => {
      assert.equal(step(given), expected)
    })

  it('CON-17 CON-20: is the same for a form as for the page, but that prior consent does not decide for the user', () => {
    assert.equal(step({ grants: [grant] }, true), 'question')
    for (const given of [null, gone, { user: null }, { user: { ...user, owners: [] } }, {}])
      assert.equal(step(given, true), step(given))
  })

  it('AUZ-02 AUZ-18: hands out no redirect URI of a client that may not get an answer', () => {
    for (const given of [gone, { client: app({ suspendedAt: NOW }), answered }]) {
      const next = nextStep(facts(given), null, NOW)
      assert.ok(next.facts === null && !('request' in next.end))
    }
  })
})
