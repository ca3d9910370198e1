import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import fc from 'fast-check'
import {
  assertionOf,
  base64,
  basic,
  client,
  ID,
  JWT_BEARER,
  NOW,
  SECRET,
  why,
  world,
} from './client.fixture.ts'

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

  it('AUD-06: what is claimed is kept for the log where it could be an id, and nothing else', async () => {
    const claimed = async (id: string) =>
      ((await byBasic.ask(null, { client_id: id })) as { clientId: string | null }).clientId
    assert.equal(await claimed('cli_nobody'), 'cli_nobody')
    for (const id of ['a b', 'a\nb', '\0', 'x'.repeat(201), 'ü']) assert.equal(await claimed(id), null)
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

  it('stores the last use of a secret once a minute, and no refused attempt', async () => {
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

  it('a draft authenticates like any other client', async () => {
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
