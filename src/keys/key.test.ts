import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_DATES } from '../owners/disabling.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import {
  type Key,
  stateOf,
  whyNotChangeExpiry,
  whyNotChangeKey,
  whyNotDisableKey,
  whyNotEnableKey,
  whyNotFinishKeyRotation,
  whyNotRevokeKey,
  whyNotRotateKey,
  whyNotUndoKeyRotation,
} from './key.ts'

const NOW = new Date('2030-01-01T12:00:00.000Z')
const BEFORE = new Date('2030-01-01T11:00:00.000Z')
const LATER = new Date('2030-01-01T13:00:00.000Z')

const secret = (id: string, more: Partial<StoredSecret> = {}): StoredSecret => ({
  ...{ id, holderId: 'key_1', hint: 'sk_live_abc1…', createdAt: BEFORE, expiresAt: null },
  ...{ retiresAt: null, retiredAt: null, finishWhenSilentSeconds: null, revokedAt: null, exposedAt: null },
  ...{ lastUsedAt: null, lastUsedIp: null, lastUsedUserAgent: null },
  ...more,
})
const ROTATING = [secret('sec_2'), secret('sec_1', { retiresAt: LATER })]
const IN_USE = [secret('sec_2', { lastUsedAt: BEFORE }), secret('sec_1', { retiresAt: LATER })]
const FINISHED = [secret('sec_2'), secret('sec_1', { retiresAt: BEFORE })]
const EXPIRED = [secret('sec_1', { expiresAt: NOW })]

const key = (more: Partial<Key>): Key => ({
  ...{ id: 'key_1', ownerId: 'org_1', name: 'a', environment: 'live', scopes: [], ipAllowlist: null },
  ...{
    metadata: {},
    selfRotation: false,
    autoRotateAfterDays: null,
    limits: { rateLimits: [], quota: null },
    note: null,
    createdBy: 'adm_1',
    createdByName: null,
    formerScopes: null,
    createdAt: BEFORE,
  },
  ...{
    disabledAt: null,
    disabledBy: null,
    ...NO_DATES,
    revokedAt: null,
    revokedReason: null,
    ownerSuspendedAt: null,
  },
  secrets: [secret('sec_1')],
  ...more,
})

const REVOKED = 'key_revoked'

describe('what can be done with a key', () => {
  const table: [what: string, more: Partial<Key>, state: string, codes: Codes][] = [
    ['active', {}, 'active', codesOf({ enable: 'not_disabled' })],
    ['active, rotating', { secrets: ROTATING }, 'active', rotating({ enable: 'not_disabled', undo: '' })],
    [
      'active, rotating, the new secret used',
      { secrets: IN_USE },
      'active',
      rotating({ enable: 'not_disabled' }),
    ],
    ['active, the overlap ended', { secrets: FINISHED }, 'active', codesOf({ enable: 'not_disabled' })],
    [
      'disabled',
      { disabledAt: BEFORE },
      'disabled',
      codesOf({ disable: 'already_disabled', rotate: 'key_disabled' }),
    ],
    [
      'disabled, rotating',
      { disabledAt: BEFORE, secrets: ROTATING },
      'disabled',
      rotating({ disable: 'already_disabled', rotate: 'key_disabled', undo: '' }),
    ],
    [
      'of a suspended owner',
      { ownerSuspendedAt: BEFORE },
      'suspended',
      codesOf({ enable: 'not_disabled', rotate: 'owner_suspended' }),
    ],
    [
      'disabled, of a suspended owner',
      { ownerSuspendedAt: BEFORE, disabledAt: BEFORE },
      'suspended',
      codesOf({ disable: 'already_disabled', rotate: 'owner_suspended' }),
    ],
    [
      'expired',
      { secrets: EXPIRED, disabledAt: BEFORE },
      'expired',
      codesOf({ expiry: 'key_expired', disable: 'already_disabled', rotate: 'key_expired' }),
    ],
    [
      'revoked, whatever else it is',
      { revokedAt: BEFORE, disabledAt: BEFORE, ownerSuspendedAt: BEFORE, secrets: IN_USE },
      'revoked',
      {
        ...{ change: REVOKED, expiry: REVOKED, disable: REVOKED, enable: REVOKED },
        ...{ revoke: REVOKED, rotate: REVOKED, finish: REVOKED, undo: REVOKED },
      },
    ],
  ]
  for (const [what, more, state, codes] of table)
    it(`KEY-14 KEY-11: ${what}`, () => {
      const subject = key(more)
      assert.equal(stateOf(subject, NOW), state)
      const codeOf = (why: { readonly code: string } | null) => why?.code ?? ''
      assert.deepEqual(
        {
          change: codeOf(whyNotChangeKey(subject)),
          expiry: codeOf(whyNotChangeExpiry(subject, NOW)),
          disable: codeOf(whyNotDisableKey(subject)),
          enable: codeOf(whyNotEnableKey(subject)),
          revoke: codeOf(whyNotRevokeKey(subject)),
          rotate: codeOf(whyNotRotateKey(subject, NOW)),
          finish: codeOf(whyNotFinishKeyRotation(subject, NOW)),
          undo: codeOf(whyNotUndoKeyRotation(subject, NOW)),
        },
        codes,
      )
    })

  it('KEY-14: a refusal carries its evidence', () => {
    assert.deepEqual(whyNotRevokeKey(key({ revokedAt: BEFORE })), { code: REVOKED, at: BEFORE })
    assert.deepEqual(whyNotChangeExpiry(key({ secrets: EXPIRED }), NOW), { code: 'key_expired', at: NOW })
    const rotatingKey = key({ secrets: IN_USE })
    assert.deepEqual(whyNotRotateKey(rotatingKey, NOW), { code: 'rotation_running', endsAt: LATER })
    assert.deepEqual(whyNotUndoKeyRotation(rotatingKey, NOW), { code: 'rotation_in_use', usedAt: BEFORE })
  })
})

type Codes = Record<
  'change' | 'expiry' | 'disable' | 'enable' | 'revoke' | 'rotate' | 'finish' | 'undo',
  string
>

/** Everything is allowed except to end a rotation, as none runs. */
function codesOf(more: Partial<Codes>): Codes {
  const allowed = { change: '', expiry: '', disable: '', enable: '', revoke: '', rotate: '' }
  return { ...allowed, finish: 'no_rotation', undo: 'no_rotation', ...more }
}

/** The same while a rotation runs whose new secret is used. */
function rotating(more: Partial<Codes>): Codes {
  return codesOf({ rotate: 'rotation_running', finish: '', undo: 'rotation_in_use', ...more })
}
