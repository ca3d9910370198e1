import type { Ask } from '../management.ts'
import { ASSISTANT, RESEARCHER } from './documents.ts'

/** An app as the demo knows it. */
export interface DemoApp {
  readonly clientId: string
  readonly secret: string | null
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** Identifier of the API for which it asks tokens; null: the default one. */
  readonly resource: string | null
}

interface MadeWire {
  readonly client_id: string
  readonly client_secret?: string
}

/** Registered by the provider's staff, or by an owner for itself. */
const REGISTERED = [
  {
    key: 'parcelDesk',
    name: 'ParcelHive Desk',
    type: 'confidential',
    description: 'Books parcels for your orders and tells your customers where they are.',
    client_uri: 'https://parcelhive.example',
    redirect_uris: ['https://app.parcelhive.example/oauth/callback'],
    scopes: ['orders:read', 'orders:write', 'events:read'],
    required_scopes: ['orders:read'],
  },
  {
    key: 'ledger',
    name: 'Ledgerline',
    type: 'confidential',
    description: 'Bookkeeping for shops: takes over your orders every night.',
    client_uri: 'https://ledgerline.example',
    redirect_uris: ['https://ledgerline.example/connect/done', 'https://eu.ledgerline.example/connect/done'],
    scopes: ['orders:read', 'customers:read', 'orders:export'],
    required_scopes: ['orders:read'],
  },
  {
    key: 'till',
    name: 'Pocket Till',
    type: 'public',
    description: 'A till for markets, on your phone.',
    redirect_uris: ['com.example.pockettill:/callback'],
    scopes: ['orders:write', 'products:read'],
  },
  {
    key: 'console',
    name: 'Tidewater Console',
    type: 'confidential',
    first_party: true,
    description: 'Our own web console.',
    redirect_uris: ['https://console.tidewater.example/callback'],
    scopes: ['orders:admin', 'products:write', 'customers:read'],
  },
  {
    key: 'reconciler',
    name: 'Settlement reconciler',
    type: 'confidential',
    owner_id: 'org_larkfield',
    grant_types: ['client_credentials'],
    client_credentials_scopes: ['orders:read'],
    scopes: ['orders:read'],
  },
  {
    key: 'scout',
    name: 'PriceScout',
    type: 'confidential',
    description: 'Compares your prices with those of others.',
    redirect_uris: ['https://pricescout.example/cb'],
    scopes: ['products:read', 'products:write', 'customers:read'],
  },
  {
    key: 'oldCart',
    name: 'OldCart connector',
    type: 'confidential',
    redirect_uris: ['https://oldcart.example/return'],
    scopes: ['orders:read'],
  },
  {
    key: 'draft',
    name: 'Shelf Planner (draft)',
    type: 'confidential',
    draft: true,
    owner_id: 'org_brightwater',
    redirect_uris: ['http://127.0.0.1/callback'],
    scopes: ['products:read'],
  },
] as const

export type RegisteredApp = (typeof REGISTERED)[number]['key']

export async function registerApps(ask: Ask): Promise<Readonly<Record<RegisteredApp, DemoApp>>> {
  const made: [string, DemoApp][] = []
  for (const { key, ...wanted } of REGISTERED) {
    const { client_id: clientId, client_secret: secret } = await ask<MadeWire>('POST', '/v1/clients', wanted)
    const redirectUri = 'redirect_uris' in wanted ? wanted.redirect_uris[0] : ''
    made.push([key, { clientId, secret: secret ?? null, redirectUri, scopes: wanted.scopes, resource: null }])
  }
  return Object.fromEntries(made) as Record<RegisteredApp, DemoApp>
}

/** Self-registered clients (RFC 7591): many copies of the same software. */
export const SELF_REGISTERED = [
  { name: 'Codeleaf', redirectUri: 'http://127.0.0.1/mcp/callback', copies: 6 },
  { name: 'Terminal Scribe', redirectUri: 'http://localhost/callback', copies: 3 },
  { name: 'Tinker Inspector', redirectUri: 'http://localhost/oauth/callback', copies: 2 },
] as const

export async function registerItself(
  post: (path: string, body: object) => Promise<MadeWire>,
  { name, redirectUri }: (typeof SELF_REGISTERED)[number],
): Promise<DemoApp> {
  const made = await post('/oauth/register', {
    client_name: name,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: 'orders:read products:read',
  })
  const scopes = ['orders:read', 'products:read']
  return { clientId: made.client_id, secret: null, redirectUri, scopes, resource: null }
}

/** Assistants that describe themselves in a document at their own URL. */
export const DESCRIBED: readonly DemoApp[] = [
  {
    clientId: ASSISTANT,
    secret: null,
    redirectUri: 'https://hearth-assistant.example/oauth/callback',
    scopes: ['orders:read', 'products:read'],
    resource: null,
  },
  {
    clientId: RESEARCHER,
    secret: null,
    redirectUri: 'https://fieldnotes-ai.example/cb',
    scopes: ['products:read', 'rates:read'],
    resource: null,
  },
]
