import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { authenticateClient, type ClientKnowledge } from './authenticate-client.ts'
import type { AuthMethod, Client, FoundClient, JsonWebKeySet } from './client.ts'
import { readKeySet } from './client-keys.ts'

const ISSUER = 'https://auth.example.com'
const NOW = new Date('2030-01-01T00:00:00.000Z')
const NOW_SECONDS = NOW.getTime() / 1000
const ID = 'cli_4eNabc'
const SECRET = 'cs_live_made-up'
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function keySet(...keys: { publicKey: KeyObject }[]): JsonWebKeySet {
  const read = readKeySet({ keys: keys.map(({ publicKey }) => publicKey.export({ format: 'jwk' })) })
  if ('fault' in read) throw new Error(read.fault)
  return read
}

function client(method: AuthMethod, more: Partial<Client> = {}): Client {
  return {
    id: ID,
    ownerId: null,
    type: method === 'none' ? 'public' : 'confidential',
    environment: 'live',
    source: 'registered',
    name: 'An app',
    description: null,
    clientUri: null,
    logoUri: null,
    policyUri: null,
    tosUri: null,
    redirectUris: ['https://app.example.com/cb'],
    grantTypes: ['authorization_code'],
    tokenEndpointAuthMethod: method,
    jwks: method === 'private_key_jwt' ? keySet(rsa, ec, ed) : null,
    jwksUri: null,
    requiredScopes: [],
    optionalScopes: [],
    clientCredentialsScopes: [],
    firstParty: false,
    testers: [],
    refreshGraceSeconds: 60,
    createdBy: 'adm_1',
    createdAt: NOW,
    publishedAt: NOW,
    suspendedAt: null,
    suspendedReason: null,
    suspendedByProvider: false,
    revokedAt: null,
    revokedReason: null,
    ownerSuspendedAt: null,
    ...more,
  }
}

const LIVING = {
  id: 'sec_1',
  expiresAt: null,
  retiresAt: null,
  retiredAt: null,
  revokedAt: null,
  lastUsedAt: null,
}

/** One client and its secrets by their text, and what was asked, spent and noted. */
function world(
  of: Client,
  secrets: Record<string, Partial<FoundClient['secret'] & object>> = { [SECRET]: {} },
) {
  const told = {
    found: [] as (string | null)[],
    spent: new Set<string>(),
    noted: [] as string[],
    fetched: [] as string[],
  }
  const byHash = new Map(
    Object.entries(secrets).map(([text, more]) => [hashCredential(text), { ...LIVING, ...more }]),
  )
  const knowledge: ClientKnowledge = {
    issuer: ISSUER,
    find: async (clientId, hash) => {
      told.found.push(hash)
      return clientId === of.id ? { client: of, secret: byHash.get(hash ?? '') ?? null } : null
    },
    spend: async (clientId, { jti }) => {
      const fresh = !told.spent.has(`${clientId} ${jti}`)
      told.spent.add(`${clientId} ${jti}`)
      return fresh
    },
    noteUse: async (id) => void told.noted.push(id),
    fetchKeys: async (uri) => {
      told.fetched.push(uri)
      return uri.includes('down') ? null : keySet(ec)
    },
  }
  const ask = async (
    authorization: string | readonly string[] | null,
    form: Record<string, string> | [string, string][] = {},
    now = NOW,
  ) => {
    const headers = authorization === null ? [] : [authorization].flat()
    const request = { authorization: headers, form: new URLSearchParams(form) }
    const result = await authenticateClient(knowledge, request, { now, ip: '192.0.2.1', userAgent: 'app/1' })
    return result.ok ? `${result.value.client.id} by ${result.value.secretId}` : result.no
  }
  return { told, ask }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const basic = (id: string, secret: string) => `Basic ${base64(`${id}:${secret}`)}`
const why = (answer: unknown) => (answer as { reason?: string }).reason ?? answer

describe('clients with a secret', () => {
  const byBasic = world(client('client_secret_basic'))
  const byPost = world(client('client_secret_post'))
  const secretInBody = { client_id: ID, client_secret: SECRET }

  it('TOK-12: Basic in any case of the scheme, with form-encoding and without', async () => {
    for (const header of [
      basic(ID, SECRET),
      `basic ${base64(`${ID}:${SECRET}`)}`,
      `BASIC  ${base64(`${ID}:${SECRET}`)}`,
      basic(ID, encodeURIComponent(SECRET)),
      basic(ID.replace('_', '%5F'), SECRET.replaceAll('-', '%2D')),
    ])
      assert.equal(await byBasic.ask(header), `${ID} by sec_1`, header)
    assert.equal(await byBasic.ask(basic(ID, SECRET), { client_id: ID }), `${ID} by sec_1`)
  })

  it('TOK-12: any secret survives form-encoding, with colons, percent signs, plus signs and all', async () => {
    const encode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (secret) => {
        const { ask } = world(client('client_secret_basic'), { [secret]: {} })
        assert.equal(await ask(basic(encode(ID), encode(secret))), `${ID} by sec_1`)
      }),
      { numRuns: 300 },
    )
  })

  it('in the body, where that is registered', async () => {
    assert.equal(await byPost.ask(null, secretInBody), `${ID} by sec_1`)
  })

  const REFUSED: readonly (readonly [
    string,
    Parameters<typeof byBasic.ask>,
    reason: string,
    error?: string,
  ])[] = [
    ['nothing', [null], 'no_client'],
    ['an empty client_id', [null, { client_id: '' }], 'no_client'],
    ['another scheme', ['Bearer abc', { client_id: ID }], 'unsupported_scheme'],
    ['Basic without anything', ['Basic'], 'malformed_basic'],
    ['Basic that is no base64', ['Basic !!!'], 'malformed_basic'],
    ['Basic without a colon', [`Basic ${base64(ID)}`], 'malformed_basic'],
    ['Basic without an id', [basic('', SECRET)], 'malformed_basic'],
    ['Basic with a broken escape', [basic(ID, '%zz')], 'malformed_basic'],
    ['Basic with more behind it', [`${basic(ID, SECRET)}, Basic x`], 'malformed_basic'],
    ['two headers', [[basic(ID, SECRET), basic(ID, SECRET)]], 'two_methods', 'invalid_request'],
    ['a secret in both places', [basic(ID, SECRET), secretInBody], 'two_methods', 'invalid_request'],
    [
      'a secret and an assertion',
      [null, { ...secretInBody, client_assertion: 'x', client_assertion_type: JWT_BEARER }],
      'two_methods',
      'invalid_request',
    ],
    [
      'another client_id in the body',
      [basic(ID, SECRET), { client_id: 'cli_b' }],
      'client_id_mismatch',
      'invalid_request',
    ],
    [
      'client_id twice',
      [
        basic(ID, SECRET),
        [
          ['client_id', ID],
          ['client_id', ID],
        ],
      ],
      'repeated_parameter',
      'invalid_request',
    ],
    [
      'client_secret twice',
      [
        null,
        [
          ['client_id', ID],
          ['client_secret', SECRET],
          ['client_secret', ''],
        ],
      ],
      'repeated_parameter',
      'invalid_request',
    ],
    ['an unknown client', [basic('cli_nobody', SECRET)], 'unknown_client'],
    ['a wrong secret', [basic(ID, 'cs_live_other')], 'secret_wrong'],
    ['an empty secret', [basic(ID, '')], 'secret_wrong'],
    ['no secret', [null, { client_id: ID }], 'method_not_registered'],
    ['the secret in the body', [null, secretInBody], 'method_not_registered'],
  ]
  for (const [what, asked, reason, error = 'invalid_client'] of REFUSED)
    it(`TOK-10 TOK-11: ${what}: ${reason}`, async () => {
      const answer = await byBasic.ask(...asked)
      assert.deepEqual({ reason: why(answer), error: (answer as { error: string }).error }, { reason, error })
    })

  it('TOK-11: says whether Basic was used, and never repeats a secret', async () => {
    const answer = await byBasic.ask(basic(ID, 'cs_live_other'))
    const refusal = { reason: 'secret_wrong', error: 'invalid_client', clientId: ID, usedBasic: true }
    assert.deepEqual(answer, refusal)
    const posted = await byPost.ask(null, { client_id: ID, client_secret: 'no' })
    assert.deepEqual(posted, { ...refusal, usedBasic: false })
    assert.deepEqual(await byBasic.ask('Bearer x'), {
      ...{ reason: 'unsupported_scheme', error: 'invalid_client', clientId: null, usedBasic: false },
    })
  })

  it('TOK-10: Basic where the body is registered', async () =>
    assert.equal(why(await byPost.ask(basic(ID, SECRET))), 'method_not_registered'))

  it('TOK-11: one question and one hash, whether the client is there or not', async () => {
    for (const id of [ID, 'cli_nobody', 'x'.repeat(5000), '\u0000']) {
      const { told, ask } = world(client('client_secret_basic'))
      await ask(basic(encodeURIComponent(id), SECRET))
      assert.deepEqual(told.found, [hashCredential(SECRET)])
    }
  })

  it('TOK-20: two secrets work during an overlap; each end has its reason', async () => {
    const past = new Date(NOW.getTime() - 1)
    const { ask } = world(client('client_secret_basic'), {
      new: { id: 'sec_new' },
      retiring: { id: 'sec_old', retiresAt: new Date(NOW.getTime() + 1) },
      retired: { retiresAt: NOW },
      finished: { retiresAt: new Date(NOW.getTime() + 9), retiredAt: past },
      revoked: { revokedAt: past },
      expired: { expiresAt: NOW },
    })
    const got: Record<string, unknown> = {}
    for (const secret of ['new', 'retiring', 'retired', 'finished', 'revoked', 'expired'])
      got[secret] = why(await ask(basic(ID, secret)))
    assert.deepEqual(got, {
      new: `${ID} by sec_new`,
      retiring: `${ID} by sec_old`,
      retired: 'secret_rotated',
      finished: 'secret_rotated',
      revoked: 'secret_revoked',
      expired: 'secret_expired',
    })
  })

  it('notes who uses a secret, once a minute, and not who is refused', async () => {
    const noted = async (lastUsedAt: Date | null, secret = SECRET) => {
      const { told, ask } = world(client('client_secret_basic'), { [SECRET]: { lastUsedAt } })
      await ask(basic(ID, secret))
      return told.noted.length
    }
    assert.equal(await noted(null), 1)
    assert.equal(await noted(new Date(NOW.getTime() - 59_999)), 0)
    assert.equal(await noted(new Date(NOW.getTime() - 60_000)), 1)
    assert.equal(await noted(null, 'wrong'), 0)
  })
})

describe('clients that are not alive', () => {
  const ENDED = [
    ['client_revoked', { revokedAt: NOW }],
    ['client_suspended', { suspendedAt: NOW }],
    ['owner_suspended', { ownerSuspendedAt: NOW }],
  ] as const
  for (const [reason, more] of ENDED)
    for (const method of ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const)
      it(`${reason} by ${method}, whatever it proves`, async () => {
        const { told, ask } = world(client(method, more))
        const proofs = {
          client_secret_basic: () => ask(basic(ID, SECRET)),
          client_secret_post: () => ask(null, { client_id: ID, client_secret: SECRET }),
          private_key_jwt: async () => ask(null, await assertionOf()),
          none: () => ask(null, { client_id: ID }),
        }
        assert.equal(why(await proofs[method]()), reason)
        assert.deepEqual([told.spent.size, told.noted.length], [0, 0])
      })

  it('a draft proves itself like any other: who may authorize it is asked elsewhere', async () => {
    const { ask } = world(client('client_secret_basic', { publishedAt: null }))
    assert.equal(await ask(basic(ID, SECRET)), `${ID} by sec_1`)
  })
})

describe('public clients', () => {
  it('name themselves, and present nothing', async () => {
    const { ask } = world(client('none'))
    assert.equal(await ask(null, { client_id: ID }), `${ID} by null`)
    assert.equal(await ask(null, { client_id: ID, client_secret: '' }), `${ID} by null`)
    assert.equal(why(await ask(null, { client_id: ID, client_secret: SECRET })), 'method_not_registered')
    assert.equal(why(await ask(basic(ID, ''))), 'method_not_registered')
    assert.equal(why(await ask(null, await assertionOf())), 'method_not_registered')
    assert.equal(why(await ask(null, { client_id: 'cli_nobody' })), 'unknown_client')
  })
})

const claims = () => ({
  iss: ID,
  sub: ID,
  aud: ISSUER,
  exp: NOW_SECONDS + 60,
  iat: NOW_SECONDS,
  jti: randomUUID(),
})

/** The form fields of a signed assertion. */
async function assertionOf(
  more: Record<string, unknown> = {},
  key: { privateKey: KeyObject } = ec,
  header: Record<string, unknown> = {},
) {
  const alg = key === rsa ? 'RS256' : key === ed ? 'EdDSA' : 'ES256'
  const body = Object.fromEntries(
    Object.entries({ ...claims(), ...more }).filter(([, value]) => value !== undefined),
  )
  const jwt = await new SignJWT(body).setProtectedHeader({ alg, ...header }).sign(key.privateKey)
  return { client_assertion_type: JWT_BEARER, client_assertion: jwt }
}

/** A token put together by hand, with any header. */
function byHand(header: object, body: object, signed: (input: string) => Buffer | string) {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part(header)}.${part(body)}`
  return {
    client_assertion_type: JWT_BEARER,
    client_assertion: `${input}.${Buffer.from(signed(input)).toString('base64url')}`,
  }
}

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

  it('TOK-18: iss is who it is from: unknown, or another than the client_id beside it', async () => {
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
