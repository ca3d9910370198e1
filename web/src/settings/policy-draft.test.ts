import assert from 'node:assert/strict'
import { it } from 'node:test'
import { toRuleFields } from '../../../src/owners/policy-fields.ts'
import { POLICY_PRESETS, PRESET_NAMES } from '../../../src/owners/policy-preset.ts'
import { bodyOf, changedRules, draftOf, rulesOf } from './policy-draft.part.ts'

const OPEN = toRuleFields(POLICY_PRESETS.open)

it('the form of a policy keeps every rule, and sends only those that differ', () => {
  const all = { ...toRuleFields(POLICY_PRESETS.soc2), max_keys: 0, allowed_scopes: [] }
  for (const rules of [all, ...PRESET_NAMES.map((name) => toRuleFields(POLICY_PRESETS[name]))]) {
    assert.deepEqual(rulesOf(draftOf(rules)), rules)
    assert.deepEqual(bodyOf(rules, rulesOf(draftOf(rules))), {})
  }
  assert.deepEqual(bodyOf(OPEN, { ...OPEN, max_keys: 0 }), { max_keys: 0 })
  assert.deepEqual(bodyOf(all, OPEN).max_lifetime_seconds, null)
  assert.deepEqual(changedRules(OPEN, { ...OPEN, max_overlap_seconds: 3600, allowed_scopes: [] }), [
    'max_overlap_seconds',
    'allowed_scopes',
  ])
})

it('a text that is no number is refused by the API, and is never taken for 0 or for no rule', () => {
  for (const text of ['x', '1e999', '5 apples']) {
    const rules = rulesOf({ ...draftOf(OPEN), maxLifetime: text, maxKeys: text })
    assert.ok((rules.max_lifetime_seconds ?? 0) < 0)
    assert.equal(rules.max_keys, -1)
  }
})
