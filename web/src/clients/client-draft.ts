import type { Static } from 'typebox'
import type { ClientChangeWire, NewClientWire } from '../../../src/clients/client.wire.ts'
import type { Client } from './clients.queries.ts'

/** The form of a client, as it is typed. Lists are texts with one item a line. */
export interface ClientDraft {
  readonly name: string
  readonly type: Client['type']
  readonly ownerId: string
  readonly environment: string
  readonly draft: boolean
  readonly description: string
  readonly clientUri: string
  readonly logoUri: string
  readonly policyUri: string
  readonly tosUri: string
  readonly redirectUris: string
  readonly grantTypes: readonly string[]
  readonly method: Client['token_endpoint_auth_method']
  readonly jwksUri: string
  readonly scopes: readonly string[]
  readonly requiredScopes: readonly string[]
  readonly clientCredentialsScopes: readonly string[]
  readonly firstParty: boolean
  readonly testers: string
  readonly graceSeconds: string
}

const DEFAULT_GRACE_SECONDS = 60

export function newDraft(environments: readonly string[], ownerId: string): ClientDraft {
  return {
    name: '',
    type: 'confidential',
    ownerId,
    environment: environments[0] ?? '',
    draft: false,
    description: '',
    clientUri: '',
    logoUri: '',
    policyUri: '',
    tosUri: '',
    redirectUris: '',
    grantTypes: ['authorization_code', 'refresh_token'],
    method: 'client_secret_basic',
    jwksUri: '',
    scopes: [],
    requiredScopes: [],
    clientCredentialsScopes: [],
    firstParty: false,
    testers: '',
    graceSeconds: String(DEFAULT_GRACE_SECONDS),
  }
}

export function draftOf(client: Client): ClientDraft {
  return {
    name: client.name,
    type: client.type,
    ownerId: client.owner_id ?? '',
    environment: client.environment,
    draft: client.state === 'draft',
    description: client.description ?? '',
    clientUri: client.client_uri ?? '',
    logoUri: client.logo_uri ?? '',
    policyUri: client.policy_uri ?? '',
    tosUri: client.tos_uri ?? '',
    redirectUris: client.redirect_uris.join('\n'),
    grantTypes: client.grant_types,
    method: client.token_endpoint_auth_method,
    jwksUri: client.jwks_uri ?? '',
    scopes: client.scopes,
    requiredScopes: client.required_scopes,
    clientCredentialsScopes: client.client_credentials_scopes,
    firstParty: client.first_party,
    testers: client.testers.join('\n'),
    graceSeconds: String(client.refresh_grace_seconds),
  }
}

/** Methods that a type of client can have. */
export function methodsFor(type: Client['type']): readonly Client['token_endpoint_auth_method'][] {
  return type === 'public' ? ['none'] : ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
}

export function newBody(draft: ClientDraft): Static<typeof NewClientWire> {
  return {
    ...settingsOf(draft),
    type: draft.type,
    owner_id: draft.ownerId.trim() === '' ? null : draft.ownerId.trim(),
    environment: draft.environment,
    draft: draft.draft,
  }
}

/** The change that the form asks for: only what differs. */
export function changeBody(draft: ClientDraft, client: Client): Static<typeof ClientChangeWire> {
  const before = settingsOf(draftOf(client))
  const now = settingsOf(draft)
  const changed = Object.entries(now).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof before]),
  )
  const body: Static<typeof ClientChangeWire> = Object.fromEntries(changed)
  // Both are one decision: a required scope is one of the ceiling.
  return 'scopes' in body || 'required_scopes' in body
    ? { ...body, scopes: now.scopes, required_scopes: now.required_scopes }
    : body
}

function settingsOf(draft: ClientDraft) {
  const usesUser = draft.grantTypes.includes('authorization_code')
  return {
    name: draft.name.trim(),
    description: textOf(draft.description),
    client_uri: textOf(draft.clientUri),
    logo_uri: textOf(draft.logoUri),
    policy_uri: textOf(draft.policyUri),
    tos_uri: textOf(draft.tosUri),
    redirect_uris: usesUser ? linesOf(draft.redirectUris) : [],
    grant_types: [...draft.grantTypes] as Client['grant_types'],
    token_endpoint_auth_method: draft.method,
    jwks_uri: draft.method === 'private_key_jwt' ? textOf(draft.jwksUri) : null,
    scopes: [...draft.scopes],
    required_scopes: draft.requiredScopes.filter((scope) => draft.scopes.includes(scope)),
    client_credentials_scopes: draft.grantTypes.includes('client_credentials')
      ? [...draft.clientCredentialsScopes]
      : [],
    first_party: draft.firstParty,
    testers: linesOf(draft.testers),
    refresh_grace_seconds: graceOf(draft.graceSeconds),
  }
}

function graceOf(text: string): number {
  const value = text.trim() === '' ? DEFAULT_GRACE_SECONDS : Number(text)
  return Number.isInteger(value) ? value : -1
}

function textOf(text: string): string | null {
  return text.trim() === '' ? null : text.trim()
}

function linesOf(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/\s+/)
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    ),
  ]
}
