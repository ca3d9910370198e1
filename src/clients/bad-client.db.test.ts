import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'

const REDIRECTS = ['https://app.example.com/cb']
/** RFC 8037 appendix A.2's public key. */
const JWKS = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }] }
const SERVICE = { redirect_uris: [], grant_types: ['client_credentials'] }

describe('clients that cannot be registered', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    for (const name of ['orders:read', 'orders:write'])
      await app.call('POST', '/v1/scopes', { name, description: `Allows ${name}` })
  })
  after(() => app.close())

  const register = (more: Record<string, unknown>) =>
    app.call('POST', '/v1/clients', {
      name: 'An app',
      type: 'confidential',
      redirect_uris: REDIRECTS,
      ...more,
    })

  const REFUSED: readonly (readonly [string, Record<string, unknown>, code: string, says: RegExp])[] = [
    [
      'javascript',
      { redirect_uris: ['javascript:alert(1)'] },
      'invalid_redirect_uri',
      /\/redirect_uris\/0 has a/,
    ],
    [
      'one bad of two',
      { redirect_uris: [...REDIRECTS, 'http://a.example'] },
      'invalid_redirect_uri',
      /\/1 is http/,
    ],
    [
      'a native scheme for a confidential client',
      { redirect_uris: ['com.example.app:/cb'] },
      'invalid_redirect_uri',
      /public clients only/,
    ],
    [
      'one redirect twice',
      { redirect_uris: [...REDIRECTS, ...REDIRECTS] },
      'invalid_request',
      /\/redirect_uris/,
    ],
    [
      '21 redirects',
      { redirect_uris: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`) },
      'invalid_request',
      /20/,
    ],
    ['no redirect for codes', { redirect_uris: [] }, 'invalid_client_metadata', /redirect_uris are required/],
    [
      'a redirect that nothing uses',
      { ...SERVICE, redirect_uris: REDIRECTS },
      'invalid_client_metadata',
      /only for that/,
    ],
    [
      'refresh alone',
      { redirect_uris: [], grant_types: ['refresh_token'] },
      'invalid_client_metadata',
      /nothing to refresh/,
    ],
    ['the implicit grant', { grant_types: ['implicit'] }, 'invalid_request', /\/grant_types/],
    ['the password grant', { grant_types: ['password'] }, 'invalid_request', /\/grant_types/],
    ['no grant', { grant_types: [] }, 'invalid_request', /\/grant_types/],
    [
      'public with a secret',
      { type: 'public', token_endpoint_auth_method: 'client_secret_basic' },
      'invalid_client_metadata',
      /`none`/,
    ],
    ['confidential without', { token_endpoint_auth_method: 'none' }, 'invalid_client_metadata', /`none`/],
    [
      'an unknown method',
      { token_endpoint_auth_method: 'client_secret_jwt' },
      'invalid_request',
      /auth_method/,
    ],
    [
      'a public client for itself',
      { type: 'public', ...SERVICE },
      'invalid_client_metadata',
      /clients that can keep a secret/,
    ],
    [
      'scopes without a grant',
      { client_credentials_scopes: ['orders:read'] },
      'invalid_client_metadata',
      /require `client_credentials`/,
    ],
    [
      'private_key_jwt without keys',
      { token_endpoint_auth_method: 'private_key_jwt' },
      'invalid_client_metadata',
      /exactly one/,
    ],
    [
      'keys in two places',
      { token_endpoint_auth_method: 'private_key_jwt', jwks: JWKS, jwks_uri: 'https://a.example/jwks' },
      'invalid_client_metadata',
      /exactly one/,
    ],
    ['keys that nothing asks for', { jwks: JWKS }, 'invalid_client_metadata', /exactly one/],
    [
      'REG-12: a private key',
      { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'oct', k: 'x' }] } },
      'invalid_client_metadata',
      /shared secret/,
    ],
    [
      'REG-06: a logo over http',
      { logo_uri: 'http://a.example/logo' },
      'invalid_client_metadata',
      /\/logo_uri must begin/,
    ],
    ['REG-06: a script as terms', { tos_uri: 'javascript:alert(1)' }, 'invalid_client_metadata', /\/tos_uri/],
    [
      'REG-06: keys on this machine',
      { jwks_uri: 'http://127.0.0.1/jwks' },
      'invalid_client_metadata',
      /\/jwks_uri/,
    ],
    ['an unknown scope', { scopes: ['order:read'] }, 'unknown_scope', /did you mean "orders:read"/],
    [
      'a required scope beyond the ceiling',
      { scopes: ['orders:read'], required_scopes: ['orders:write'] },
      'invalid_client_metadata',
      /orders:write are not/,
    ],
    ['an unknown environment', { environment: 'staging' }, 'unknown_environment', /live, test/],
    ['an hour and a second of grace', { refresh_grace_seconds: 3601 }, 'invalid_request', /3600/],
    ['REG-07: a name that turns text around', { name: 'moc.\u202eelpmaxe' }, 'invalid_request', /\/name/],
    ['REG-07: a name with what cannot be seen', { name: 'Goo\u200bgle' }, 'invalid_request', /\/name/],
    ['REG-07: a name of spaces', { name: '   ' }, 'invalid_request', /\/name/],
    [
      'REG-07: a description with a control character',
      { description: 'a\u0085b' },
      'invalid_request',
      /\/description/,
    ],
    ...[
      'client_id',
      'client_secret',
      'state',
      'source',
      'created_by',
      'published_at',
      'suspended_by_provider',
      'id',
    ].map(
      (name) => [`REG-05: ${name} from outside`, { [name]: 'x' }, 'unknown_field', new RegExp(name)] as const,
    ),
  ]
  for (const [what, more, code, says] of REFUSED)
    it(`REG-04: ${what} is refused as ${code}, and nothing is written`, async () => {
      const before = await app.db.selectFrom('clients').select('id').execute()
      const { status, body } = await register(more)
      assert.deepEqual([status, body.code], [400, code], JSON.stringify(body))
      assert.match(body.detail, says)
      assert.deepEqual(await app.db.selectFrom('clients').select('id').execute(), before)
    })
})
