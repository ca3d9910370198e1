import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredSecret } from '../secrets/secret.ts'
import type { LastAddress } from '../usage/last-address.store.ts'
import { effectToken, refusedBy, type Standing, type Uses } from './remedy-effect.ts'

const NOW = new Date('2030-03-01T00:00:00Z')
const LATER = new Date('2030-03-02T00:00:00Z')
const LATEST = new Date('2030-04-01T00:00:00Z')

function secret(id: string, more: Partial<StoredSecret> = {}): StoredSecret {
  return {
    ...{ id, holderId: 'key_1', hint: `sk_live_${id}…`, createdAt: new Date('2030-01-01T00:00:00Z') },
    ...{ expiresAt: null, retiresAt: null, retiredAt: null, finishWhenSilentSeconds: null, revokedAt: null },
    ...{ lastUsedAt: NOW, lastUsedIp: null, lastUsedUserAgent: null, exposedAt: null },
    ...more,
  }
}

const OF_KEY: Standing = {
  ...{ state: 'active', works: true, scopes: ['orders:read', 'orders:write'], ipAllowlist: null },
  ...{ expiresAt: null, oldSecretEndsAt: null, secrets: [secret('new'), secret('old')] },
}

function caller(secretId: string, ip: string, outcome = 'accepted'): LastAddress {
  return { secretId, hint: `sk_live_${secretId}…`, ip, at: NOW, outcome, userAgent: 'exporter/1.4' }
}

const USES: Uses = {
  addresses: [
    caller('new', '203.0.113.9'),
    caller('old', '2001:db8::1'),
    caller('old', '198.51.100.7', 'missing_scope'),
  ],
  lastDayOf: new Map([['orders:write', LATER]]),
  ...{ acceptedLastDay: 2, lastUsedAt: NOW, grants: null },
}

const refused = (after: Partial<Standing>, before: Standing = OF_KEY) => {
  const { from, scopes, callers } = refusedBy(before, { ...before, ...after }, USES, NOW)
  return [from, scopes.map(({ scope }) => scope), callers.map(({ ip }) => ip)]
}

describe('the callers that a remedy would have refused', () => {
  const secrets = (more: Partial<StoredSecret>) => [secret('new'), secret('old', more)]
  const ALL = ['203.0.113.9', '2001:db8::1']
  for (const [what, after, expected] of [
    ['nothing is changed', {}, [null, [], []]],
    ['the key is stopped', { state: 'disabled', works: false }, [NOW, [], ALL]],
    [
      'the old secret retires later',
      { secrets: secrets({ retiresAt: LATER }) },
      [LATER, [], ['2001:db8::1']],
    ],
    [
      'the old secret is ended',
      { secrets: secrets({ retiredAt: NOW, retiresAt: LATER }) },
      [NOW, [], ['2001:db8::1']],
    ],
    [
      'all of it expires',
      { secrets: [secret('new', { expiresAt: LATER }), secret('old', { expiresAt: LATEST })] },
      [LATER, [], ALL],
    ],
    ['a scope is lost', { scopes: ['orders:read'] }, [NOW, ['orders:write'], []]],
    ['one address is allowed', { ipAllowlist: ['203.0.113.9'] }, [NOW, [], ['2001:db8::1']]],
    ['both networks are allowed', { ipAllowlist: ['203.0.113.0/24', '2001:db8::/48'] }, [null, [], []]],
  ] as const satisfies readonly (readonly [string, Partial<Standing>, unknown])[])
    it(`where ${what}`, () => assert.deepEqual(refused(after), expected))

  it('are none where a secret ended sooner anyway', () => {
    const before = { ...OF_KEY, secrets: [secret('new'), secret('old', { retiresAt: LATER })] }
    const after = { secrets: [secret('new'), secret('old', { retiresAt: LATER, expiresAt: LATEST })] }
    assert.deepEqual(refused(after, before), [null, [], []])
  })
})

describe('the token of a dry run', () => {
  const what = { id: 'fnd_1', remedy: 'pin_addresses' }
  const token = (after: Partial<Standing>, uses: Uses = USES, before: Standing = OF_KEY) => {
    const next = { ...before, ...after }
    return effectToken(what, before, next, refusedBy(before, next, uses, NOW))
  }
  const pinned = { ipAllowlist: ['203.0.113.9'] }

  it('is the same for the same effect, whenever its callers called last', () => {
    const again = { ...USES, addresses: USES.addresses.map((each) => ({ ...each, at: LATER })) }
    assert.equal(token(pinned), token(pinned, { ...again, acceptedLastDay: 99 }))
  })

  it('differs with the settings before and after, the secrets, the lost scopes, and callers outside', () => {
    const other = { ...USES, addresses: [...USES.addresses, caller('new', '192.0.2.4')] }
    const tokens = [
      token(pinned),
      token(pinned, other),
      token({ ipAllowlist: ['203.0.113.0/24'] }),
      token({ ...pinned, scopes: ['orders:read'] }),
      token(pinned, USES, { ...OF_KEY, expiresAt: LATER }),
      token(pinned, USES, { ...OF_KEY, secrets: [secret('next'), ...OF_KEY.secrets] }),
    ]
    assert.equal(new Set(tokens).size, tokens.length)
  })

  it('stays the same where a further caller is refused with all the others', () => {
    const stopped = { state: 'disabled', works: false }
    const other = { ...USES, addresses: [...USES.addresses, caller('new', '192.0.2.4')] }
    assert.equal(token(stopped), token(stopped, other))
  })
})
