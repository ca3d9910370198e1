import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CLIENT_REFUSALS } from '../../../src/clients/authentication/client-refusal.ts'
import { OAUTH_REFUSALS } from '../../../src/oauth/tokens/refusal-reasons.ts'
import { oauthRefusals } from '../words/oauth-refusals.ts'
import { changeBody, draftOf, newBody, newDraft } from './client-draft.ts'
import type { Client } from './clients.queries.ts'

const CLIENT = {
  client_id: 'cli_1',
  owner_id: null,
  name: 'An app',
  type: 'confidential',
  environment: 'live',
  state: 'live',
  description: null,
  client_uri: null,
  logo_uri: null,
  policy_uri: null,
  tos_uri: null,
  redirect_uris: ['https://app.example.com/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_basic',
  jwks_uri: null,
  scopes: ['orders:read', 'orders:write'],
  required_scopes: ['orders:read'],
  client_credentials_scopes: [],
  first_party: false,
  testers: [],
  refresh_grace_seconds: 60,
} as never as Client

describe('the form of a client', () => {
  it('asks for no change where nothing was changed', () =>
    assert.deepEqual(changeBody(draftOf(CLIENT), CLIENT), {}))

  it('asks for what differs only, and for ceiling and required scopes together', () => {
    const draft = { ...draftOf(CLIENT), name: ' Other ', scopes: ['orders:write'] }
    assert.deepEqual(changeBody(draft, CLIENT), {
      name: 'Other',
      scopes: ['orders:write'],
      required_scopes: [],
    })
  })

  it('sends each redirect URI once, however they were pasted', () => {
    const draft = {
      ...newDraft(['live'], ''),
      redirectUris: ' https://a.example/cb\n\nhttps://b.example/cb https://a.example/cb',
    }
    assert.deepEqual(newBody(draft).redirect_uris, ['https://a.example/cb', 'https://b.example/cb'])
  })

  it('sends no redirect URI of a client that needs no user', () => {
    const draft = {
      ...newDraft(['live'], 'org_1'),
      redirectUris: 'https://a.example/cb',
      grantTypes: ['client_credentials'],
    }
    const body = newBody(draft)
    assert.deepEqual([body.redirect_uris, body.owner_id], [[], 'org_1'])
  })
})

it('every refusal of the OAuth endpoints has words for the developer', () => {
  const reasons = [...Object.keys(CLIENT_REFUSALS), ...Object.keys(OAUTH_REFUSALS), 'admin_key_not_entitled']
  assert.deepEqual(
    reasons.filter((reason) => !oauthRefusals[reason]?.what || !oauthRefusals[reason]?.fix),
    [],
  )
  assert.deepEqual(
    Object.keys(oauthRefusals).filter((reason) => !reasons.includes(reason)),
    [],
  )
})
