import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RULES } from '../settings/policy-draft.part.ts'
import { type OwnRules, ownBodyOf, ownDraftOf, reachesWhatExists } from './own-policy-draft.ts'

const NONE = Object.fromEntries(RULES.map((name) => [name, null])) as unknown as OwnRules
const ALL: OwnRules = {
  max_lifetime_seconds: 2_592_000,
  default_lifetime_seconds: 3_600,
  never_expires_allowed: false,
  max_overlap_seconds: 7_200,
  max_keys: 0,
  ip_allowlist_required: false,
  allowed_scopes: [],
  owner_allowed_scopes: ['orders:read'],
  rotate_every_days: 60,
  disable_unused_after_days: 90,
  notice_tiers: [],
}

it('the form of an owner’s own rules keeps each of them, and sends only those that differ', () => {
  for (const rules of [NONE, ALL]) assert.deepEqual(ownBodyOf(ownDraftOf(rules), rules), {})
  assert.deepEqual(ownBodyOf(ownDraftOf(ALL), NONE), ALL)
  assert.deepEqual(ownBodyOf(ownDraftOf(NONE), ALL), NONE)
  assert.deepEqual(ownBodyOf({ ...ownDraftOf(NONE), allowlistRequired: 'no' }, NONE), {
    ip_allowlist_required: false,
  })
})

it('a change that reaches what exists is tried first', () => {
  assert.ok(reachesWhatExists({ rotate_every_days: 30 }))
  assert.ok(!reachesWhatExists({ max_keys: 5, notice_tiers: [7] }))
})
