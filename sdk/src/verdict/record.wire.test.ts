import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { aRecord, at, ranges } from '../source/record.fixture.ts'
import type { CredentialRecord } from './record.ts'
import { recordFromWire, recordToWire } from './record.wire.ts'

const moment = fc.date({ noInvalidDate: true })
const range = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((ip) => `${ip}/24`),
)
const reason = fc.constantFrom('revoked', 'rotated', 'expired', 'owner_suspended', 'disabled')
const rateLimit = fc.record(
  {
    name: fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/),
    limit: fc.integer({ min: 1, max: 1_000_000_000 }),
    windowSeconds: fc.integer({ min: 1, max: 86_400 }),
  },
  { noNullPrototype: true },
)
const limits = fc.record(
  {
    rateLimits: fc.uniqueArray(rateLimit, { maxLength: 5, selector: ({ name }) => name }),
    quota: fc.option(
      fc.record({ limit: fc.nat(), period: fc.constantFrom('day', 'month') }, { noNullPrototype: true }),
    ),
  },
  { noNullPrototype: true },
)
const ids = fc.oneof(
  fc.record({
    kind: fc.constant('api_key' as const),
    keyId: fc.string(),
    clientId: fc.constant(null),
    userId: fc.constant(null),
  }),
  fc.record({
    kind: fc.constant('access_token' as const),
    keyId: fc.constant(null),
    clientId: fc.string(),
    userId: fc.option(fc.string()),
  }),
)
const common = fc.record({
  credentialId: fc.string(),
  ownerId: fc.string(),
  environment: fc.string(),
  scopes: fc.uniqueArray(fc.string()).map((scopes) => new Set(scopes)),
  metadata: fc.dictionary(fc.string(), fc.jsonValue()),
  audiences: fc.option(fc.array(fc.string())),
  ipAllowlist: fc.option(fc.array(range).map((entries) => ranges(...entries))),
  limits: fc.option(fc.record({ key: limits, owner: limits }, { noNullPrototype: true })),
  ended: fc.option(fc.record({ reason, at: moment }, { noNullPrototype: true })),
  retiresAt: fc.option(moment),
  expiresAt: fc.option(moment),
})
const record: fc.Arbitrary<CredentialRecord> = fc.tuple(ids, common).map(([of, rest]) => ({ ...of, ...rest }))

/** Makes records comparable: ranges are equal where their entries are. */
function comparable({ ipAllowlist, metadata, ...rest }: CredentialRecord) {
  return { ...rest, metadata: JSON.stringify(metadata), ipAllowlist: ipAllowlist?.entries ?? null }
}

test('a record is the same after a round trip over the wire', () => {
  fc.assert(
    fc.property(record, (record) => {
      const back = recordFromWire(JSON.parse(JSON.stringify(recordToWire(record))))
      assert.deepEqual(comparable(back), comparable(record))
    }),
  )
})

const wire = recordToWire(
  aRecord({
    ended: { reason: 'disabled', at: at(0) },
    ipAllowlist: ranges('10.0.0.0/8'),
    expiresAt: at(60),
    limits: {
      key: { rateLimits: [{ name: 'burst', limit: 5, windowSeconds: 60 }], quota: null },
      owner: { rateLimits: [], quota: { limit: 9, period: 'day' } },
    },
  }),
)

test('the wire form, field by field', () => {
  assert.deepEqual(wire, {
    kind: 'api_key',
    credential_id: 'sec_1',
    key_id: 'key_1',
    client_id: null,
    user_id: null,
    owner_id: 'org_1',
    environment: 'live',
    scopes: ['orders:read'],
    metadata: {},
    audiences: null,
    ip_allowlist: ['10.0.0.0/8'],
    limits: {
      key: { rate_limits: [{ name: 'burst', limit: 5, window_seconds: 60 }], quota: null },
      owner: { rate_limits: [], quota: { limit: 9, period: 'day' } },
    },
    ended: { reason: 'disabled', at: '2026-03-01T12:00:00.000Z' },
    retires_at: null,
    expires_at: '2026-03-01T12:01:00.000Z',
  })
  const scopes = new Set(['b:read', 'a:write', 'a:read'])
  assert.deepEqual(recordToWire(aRecord({ scopes })).scopes, ['a:read', 'a:write', 'b:read'], 'in one order')
})

function withRateLimit(rateLimit: object) {
  return { ...wire.limits, key: { rate_limits: [rateLimit], quota: null } }
}

test('refuses an invalid record, and names the field but not the value', () => {
  const wrong: [different: Record<string, unknown>, fault: RegExp][] = [
    [{ kind: 'hunter2' }, /record\.kind is not known/],
    [{ credential_id: 7 }, /record\.credential_id is not a string/],
    [{ owner_id: null }, /record\.owner_id is not a string/],
    [{ environment: undefined }, /record\.environment is not a string/],
    [{ kind: 'session' }, /record\.kind is not known/],
    [{ client_id: 7 }, /record\.client_id is not a string/],
    [{ key_id: null }, /record\.kind does not fit/],
    [{ client_id: 'cli_1' }, /record\.kind does not fit/],
    [{ user_id: 'usr_1' }, /record\.kind does not fit/],
    [{ kind: 'access_token' }, /record\.kind does not fit/],
    [{ kind: 'access_token', key_id: null }, /record\.kind does not fit/],
    [{ audiences: 'hunter2' }, /record\.audiences is not a list/],
    [{ scopes: 'hunter2' }, /record\.scopes is not a list/],
    [{ scopes: [null] }, /record\.scopes is not a string/],
    [{ metadata: null }, /record\.metadata is not an object/],
    [{ metadata: ['hunter2'] }, /record\.metadata is not an object/],
    [{ ip_allowlist: ['hunter2'] }, /record\.ip_allowlist holds/],
    [{ ip_allowlist: undefined }, /record\.ip_allowlist is not a list/],
    [{ limits: undefined }, /record\.limits is not an object/],
    [{ limits: { ...wire.limits, hunter2: 1 } }, /record\.limits has a field/],
    [{ limits: { ...wire.limits, key: null } }, /record\.limits\.key is not an object/],
    [
      { limits: { ...wire.limits, key: { rate_limits: 'hunter2', quota: null } } },
      /key\.rate_limits is not a list/,
    ],
    [
      { limits: withRateLimit({ name: 'burst', limit: '7', window_seconds: 1 }) },
      /an entry that is not a rate limit/,
    ],
    [{ limits: withRateLimit({ name: 'burst', limit: 0, window_seconds: 1 }) }, /cannot be meant/],
    [{ limits: withRateLimit({ name: 'burst', limit: 1, window_seconds: 1, per: 'ip' }) }, /has a field/],
    [{ limits: { ...wire.limits, key: { rate_limits: [], quota: { limit: 1 } } } }, /quota is not a quota/],
    [
      { limits: { ...wire.limits, key: { rate_limits: [], quota: { limit: -1, period: 'day' } } } },
      /quota cannot/,
    ],
    [
      { limits: { ...wire.limits, key: { rate_limits: [], quota: { limit: 1, period: 'hunter2' } } } },
      /quota cannot/,
    ],
    [{ ended: 'hunter2' }, /record\.ended is not an object/],
    [{ ended: undefined }, /record\.ended is not an object/],
    [{ ended: { reason: 'hunter2', at: wire.expires_at } }, /record\.ended\.reason is not a known reason/],
    [{ ended: { reason: 'revoked', at: null } }, /record\.ended\.at is not a string/],
    [{ expires_at: 'hunter2' }, /record\.expires_at is not a moment/],
    [{ expires_at: '2026' }, /record\.expires_at is not a moment/],
    [{ expires_at: '2026-13-01T00:00:00Z' }, /record\.expires_at is not a moment/],
    [{ expires_at: '2026-02-30T00:00:00.000Z' }, /record\.expires_at is not a moment/],
    [{ expires_at: '2026-03-01T24:00:00.000Z' }, /record\.expires_at is not a moment/],
    [{ retires_at: 0 }, /record\.retires_at is not a string/],
    [{ retires_at: undefined }, /record\.retires_at is not a string/],
  ]
  for (const [different, fault] of wrong)
    assert.throws(
      () => recordFromWire({ ...wire, ...different }),
      (error) => error instanceof TypeError && fault.test(error.message) && !/hunter2/.test(error.message),
      JSON.stringify(different),
    )
  for (const nothing of [null, undefined, 'x', 7, []])
    assert.throws(() => recordFromWire(nothing), /the record is not an object/)
})

test('VER-20: a field of a newer server stops an older SDK only where it must be understood', () => {
  const table: [name: string, more: Record<string, unknown>, fault: RegExp | null][] = [
    ['one more field', { plan: 'hunter2' }, null],
    ['more fields, of any form', { plan: null, risk: { score: 7 }, list: [1] }, null],
    ['a list that is empty', { plan: 'hunter2', must_understand: [] }, null],
    ['known fields are understood', { plan: 'hunter2', must_understand: ['scopes', 'expires_at'] }, null],
    ['the field is named', { plan: 'hunter2', must_understand: ['plan'] }, /record\.plan is not known/],
    [
      'among others',
      { hours: 'hunter2', must_understand: ['scopes', 'hours'] },
      /record\.hours is not known/,
    ],
    ['named, and not even there', { must_understand: ['hours'] }, /record\.hours is not known/],
    ['a part of a field', { must_understand: ['scopes.until'] }, /record\.scopes\.until is not known/],
    ['a name of every object', { must_understand: ['constructor'] }, /record\.constructor is not known/],
    ['no list', { must_understand: 'hunter2' }, /record\.must_understand is not a list/],
    ['null', { must_understand: null }, /record\.must_understand is not a list/],
    ['no texts', { must_understand: [['scopes']] }, /record\.must_understand is not a string/],
    ['inside of limits', { limits: { ...wire.limits, hunter2: 1 } }, /record\.limits has a field/],
  ]
  const known = recordFromWire(wire)
  for (const [name, more, fault] of table) {
    const read = () => recordFromWire({ ...wire, ...more })
    if (fault !== null)
      assert.throws(
        read,
        (error) => error instanceof TypeError && fault.test(error.message) && !/hunter2/.test(error.message),
        name,
      )
    else assert.deepEqual(Object.keys(read()), Object.keys(known), name)
  }
})

test('every field is needed', () => {
  for (const name of Object.keys(wire)) {
    const { [name as keyof typeof wire]: _, ...rest } = wire
    assert.throws(() => recordFromWire(rest), TypeError, name)
  }
})

test('arbitrary JSON is read or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(wire)), (value, name) => {
      try {
        recordFromWire({ ...wire, [name]: value })
      } catch (error) {
        assert.ok(error instanceof TypeError)
      }
    }),
  )
})
