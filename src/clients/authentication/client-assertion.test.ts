import assert from 'node:assert/strict'
import { createHmac, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonWebKeySet } from '../client.ts'
import {
  assertionOf,
  basic,
  byHand,
  claims,
  client,
  ec,
  ed,
  ID,
  ISSUER,
  JWT_BEARER,
  NOW_SECONDS,
  rsa,
  stranger,
  why,
  world,
} from './client.fixture.ts'

describe('private_key_jwt', () => {
  const make = () => world(client('private_key_jwt'))

  it('TOK-18: RS256, ES256, EdDSA and its newer name, with client_id and without', async () => {
    for (const [key, header] of [
      [rsa, {}],
      [ec, {}],
      [ed, {}],
      [ed, { alg: 'Ed25519' }],
      [ec, { typ: 'JWT' }],
    ] as const) {
      const { told, ask } = make()
      assert.equal(await ask(null, await assertionOf({}, key, header)), `${ID} by null`)
      assert.equal(await ask(null, { ...(await assertionOf({}, key)), client_id: ID }), `${ID} by null`)
      assert.equal(told.spent.size, 2)
    }
  })

  const CLAIMS: readonly (readonly [string, Record<string, unknown>, reason: string | null])[] = [
    ['aud as a list', { aud: [ISSUER] }, 'assertion_audience'],
    ['aud with a slash more', { aud: `${ISSUER}/` }, 'assertion_audience'],
    ['aud of the token endpoint', { aud: `${ISSUER}/oauth/token` }, 'assertion_audience'],
    ['aud of another server', { aud: 'https://evil.example' }, 'assertion_audience'],
    ['no aud', { aud: undefined }, 'assertion_audience'],
    ['another sub', { sub: 'cli_b' }, 'assertion_subject'],
    ['no sub', { sub: undefined }, 'assertion_subject'],
    ['no exp', { exp: undefined }, 'assertion_expired'],
    ['exp as text', { exp: String(NOW_SECONDS + 60) }, 'assertion_expired'],
    ['exp long over', { exp: NOW_SECONDS - 60 }, 'assertion_expired'],
    ['exp just over, within the leeway', { exp: NOW_SECONDS - 59 }, null],
    ['five minutes, and a clock a minute off', { exp: NOW_SECONDS + 360 }, null],
    ['exp beyond that', { exp: NOW_SECONDS + 361 }, 'assertion_lives_too_long'],
    ['exp in a year', { exp: NOW_SECONDS + 31_536_000 }, 'assertion_lives_too_long'],
    ['exp beyond all dates', { exp: 1e300 }, 'assertion_expired'],
    ['nbf ahead', { nbf: NOW_SECONDS + 61 }, 'assertion_not_yet_valid'],
    ['nbf ahead within the leeway', { nbf: NOW_SECONDS + 60 }, null],
    ['iat ahead', { iat: NOW_SECONDS + 61 }, 'assertion_not_yet_valid'],
    ['iat as text', { iat: 'now' }, 'assertion_not_yet_valid'],
    ['no iat', { iat: undefined }, null],
    ['no jti', { jti: undefined }, 'assertion_without_id'],
    ['an empty jti', { jti: '' }, 'assertion_without_id'],
    ['jti as a number', { jti: 5 }, 'assertion_without_id'],
    ['a jti of 513 characters', { jti: 'x'.repeat(513) }, 'assertion_without_id'],
  ]
  for (const [what, more, reason] of CLAIMS)
    it(`TOK-18: ${what}: ${reason ?? 'accepted'}`, async () => {
      const { told, ask } = make()
      assert.equal(why(await ask(null, await assertionOf(more))), reason ?? `${ID} by null`)
      assert.equal(told.spent.size, reason === null ? 1 : 0)
    })

  it('TOK-18: iss names the client: refuses an unknown one, and one that differs from client_id', async () => {
    const { ask } = make()
    assert.equal(why(await ask(null, await assertionOf({ iss: 'cli_b' }))), 'unknown_client')
    assert.equal(
      why(await ask(null, { ...(await assertionOf({ iss: 'cli_b' })), client_id: ID })),
      'assertion_issuer',
    )
    assert.equal(why(await ask(null, await assertionOf({ iss: 7 }))), 'assertion_malformed')
    assert.equal(why(await ask(null, await assertionOf({ iss: undefined }))), 'assertion_malformed')
  })

  it('TOK-18: an assertion is spent once; refused ones are not spent at all', async () => {
    const { told, ask } = make()
    const once = await assertionOf({ jti: 'a' })
    assert.equal(await ask(null, once), `${ID} by null`)
    assert.equal(why(await ask(null, once)), 'assertion_replayed')
    assert.equal(why(await ask(null, await assertionOf({ jti: 'a' }, rsa))), 'assertion_replayed')
    assert.equal(why(await ask(null, await assertionOf({ jti: 'b' }, stranger))), 'assertion_signature')
    assert.deepEqual([...told.spent], [`${ID} a`])
    assert.equal(await ask(null, await assertionOf({ jti: 'b' })), `${ID} by null`)
  })

  it('TOK-18: none, HMAC with the public key, other algorithms and keys of its own are refused', async () => {
    const { ask } = make()
    const pem = ec.publicKey.export({ format: 'pem', type: 'spki' })
    const own = stranger.publicKey.export({ format: 'jwk' })
    for (const [assertion, reason] of [
      [byHand({ alg: 'none' }, claims(), () => ''), 'assertion_algorithm'],
      [byHand({ alg: 'None' }, claims(), () => ''), 'assertion_algorithm'],
      [
        byHand({ alg: 'HS256' }, claims(), (input) => createHmac('sha256', pem).update(input).digest()),
        'assertion_algorithm',
      ],
      [byHand({ alg: 'RS384' }, claims(), () => 'x'), 'assertion_algorithm'],
      [byHand({}, claims(), () => 'x'), 'assertion_malformed'],
      [byHand({ alg: 'ES256', kid: 7 }, claims(), () => 'x'), 'assertion_malformed'],
      [byHand({ alg: 'ES256' }, claims(), () => ''), 'assertion_signature'],
      [byHand({ alg: 'ES256' }, claims(), () => Buffer.alloc(64)), 'assertion_signature'],
      [await assertionOf({}, stranger, { jwk: own }), 'assertion_signature'],
      [
        await assertionOf({}, stranger, { jku: 'https://evil.example/jwks', x5u: 'https://evil.example' }),
        'assertion_signature',
      ],
      [
        byHand({ alg: 'ES256', crit: ['x'], x: 1 }, claims(), (input) =>
          sign('sha256', Buffer.from(input), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
        ),
        'assertion_signature',
      ],
    ] as const)
      assert.equal(why(await ask(null, assertion)), reason)
  })

  it('TOK-18: a kid picks its key; a changed payload does not pass', async () => {
    const jwk = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'one' }
    const { ask } = world(
      client('private_key_jwt', { jwks: { keys: [jwk as JsonWebKeySet['keys'][number]] } }),
    )
    assert.equal(await ask(null, await assertionOf({}, ec, { kid: 'one' })), `${ID} by null`)
    assert.equal(await ask(null, await assertionOf({}, ec)), `${ID} by null`)
    assert.equal(why(await ask(null, await assertionOf({}, ec, { kid: 'two' }))), 'assertion_signature')
    const sound = await assertionOf()
    const [header, , signature] = sound.client_assertion.split('.')
    const other = Buffer.from(JSON.stringify(claims())).toString('base64url')
    const changed = { ...sound, client_assertion: `${header}.${other}.${signature}` }
    assert.equal(why(await ask(null, changed)), 'assertion_signature')
  })

  it('of another type, without one, or beside Basic', async () => {
    const { ask } = make()
    const sound = await assertionOf()
    const other = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'
    assert.equal(
      why(await ask(null, { ...sound, client_assertion_type: other })),
      'unsupported_assertion_type',
    )
    assert.equal(
      why(await ask(null, { client_assertion: sound.client_assertion })),
      'unsupported_assertion_type',
    )
    assert.equal(
      why(await ask(null, { client_assertion_type: JWT_BEARER, client_id: ID })),
      'unsupported_assertion_type',
    )
    assert.equal(why(await ask(basic(ID, ''), sound)), 'two_methods')
    assert.equal(why(await ask(null, { client_id: ID })), 'method_not_registered')
  })

  it('keys at a jwks_uri are asked for through what was handed in, and only once the client is known', async () => {
    const at = (jwksUri: string) => world(client('private_key_jwt', { jwks: null, jwksUri }))
    const up = at('https://app.example.com/jwks')
    assert.equal(await up.ask(null, await assertionOf()), `${ID} by null`)
    assert.equal(why(await up.ask(null, await assertionOf({ iss: 'cli_b' }))), 'unknown_client')
    assert.deepEqual(up.told.fetched, ['https://app.example.com/jwks'])
    assert.equal(
      why(await at('https://down.example/').ask(null, await assertionOf())),
      'assertion_keys_unavailable',
    )
  })

  it('whatever is sent as an assertion is refused, and never thrown over', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.string(),
    )
    const { ask } = make()
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), fc.boolean(), async (parts, named) => {
        const asked = { client_assertion_type: JWT_BEARER, client_assertion: parts.join('.') }
        assert.notEqual(await ask(null, named ? { ...asked, client_id: ID } : asked), `${ID} by null`)
      }),
      { numRuns: 1_000 },
    )
    assert.equal(
      why(await ask(null, { client_assertion_type: JWT_BEARER, client_assertion: 'x'.repeat(100_000) })),
      'assertion_malformed',
    )
  })
})
