import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expiryWithin, nearestEnd } from './expiry.ts'
import { contradictionIn, NO_RULES, type PolicyRules, policyOf } from './policy.ts'
import { POLICY_PRESETS, PRESET_NAMES } from './policy-preset.ts'
import { overlapOf, policyProblem } from './policy-problem.ts'
import { type Proposed, whyNotByPolicy } from './why-not-by-policy.ts'

const NOW = new Date('2030-01-01T12:00:00.000Z')
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)
const CONFIGURED = { environments: ['live'], maxLifetimeSeconds: 100, maxKeysPerOwner: 10 }
const UNBOUNDED = { ...CONFIGURED, maxLifetimeSeconds: null }
const withRules = (
  rules: Partial<PolicyRules>,
  configured: typeof CONFIGURED | typeof UNBOUNDED = UNBOUNDED,
) => policyOf(configured, 'live', { ...NO_RULES, ...rules })

describe('policies', () => {
  it('KEY-09: each rule is the owner’s, else the environment’s, else the configuration’s', () => {
    const own = { maxLifetimeSeconds: 70, maxKeys: 0 }
    const rules = { ...NO_RULES, maxLifetimeSeconds: 80, maxKeys: 5, ipAllowlistRequired: true }
    for (const [policy, lifetime, keys, from] of [
      [policyOf(CONFIGURED, 'live'), 100, 10, 'configuration'],
      [policyOf(CONFIGURED, 'live', rules), 80, 5, 'environment'],
      [policyOf(CONFIGURED, 'live', rules, own), 70, 0, 'owner'],
      [policyOf(CONFIGURED, 'live', undefined, own), 70, 0, 'owner'],
    ] as const) {
      assert.deepEqual([policy.maxLifetimeSeconds, policy.maxKeys], [lifetime, keys])
      assert.deepEqual([policy.from.maxLifetimeSeconds, policy.from.maxKeys], [from, from])
    }
    const mixed = policyOf(CONFIGURED, 'live', rules, { maxLifetimeSeconds: null, maxKeys: 9 })
    assert.deepEqual(mixed.from, {
      maxLifetimeSeconds: 'environment',
      defaultLifetimeSeconds: 'configuration',
      neverExpiresAllowed: 'configuration',
      maxOverlapSeconds: 'configuration',
      maxKeys: 'owner',
      ipAllowlistRequired: 'environment',
      allowedScopes: 'configuration',
      ownerAllowedScopes: 'configuration',
      rotateEveryDays: 'configuration',
      disableUnusedAfterDays: 'configuration',
      noticeTiers: 'configuration',
    })
  })

  const REFUSALS: readonly (readonly [
    rule: Partial<PolicyRules>,
    allowed: readonly Proposed[],
    refused: readonly Proposed[],
    code: string,
  ])[] = [
    [
      { maxLifetimeSeconds: 60 },
      [{ end: { at: at(60), madeAt: NOW } }, {}],
      [
        { end: { at: at(61), madeAt: NOW } },
        { end: { at: null, madeAt: NOW } },
        { end: { at: at(60), madeAt: at(-1) } },
      ],
      'lifetime_too_long',
    ],
    [
      { neverExpiresAllowed: false, defaultLifetimeSeconds: 60 },
      [{ end: { at: at(1e9), madeAt: NOW } }, {}],
      [{ end: { at: null, madeAt: NOW } }],
      'never_expires_not_allowed',
    ],
    [
      { maxOverlapSeconds: 3600 },
      [{ overlap: { startedAt: NOW, endsAt: at(3600) } }, {}],
      [
        { overlap: { startedAt: NOW, endsAt: at(3601) } },
        { overlap: { startedAt: at(-1), endsAt: at(3600) } },
      ],
      'overlap_too_long',
    ],
    [
      { ipAllowlistRequired: true },
      [{ ipAllowlist: ['10.0.0.0/8'] }, { ipAllowlist: undefined }, {}],
      [{ ipAllowlist: null }],
      'ip_allowlist_required',
    ],
    [
      { allowedScopes: ['a:read'] },
      [{ addedScopes: ['a:read'] }, { addedScopes: [] }, {}],
      [{ addedScopes: ['a:read', 'a:write'] }],
      'scope_not_allowed',
    ],
    [
      { ownerAllowedScopes: ['a:read'] },
      [{ addedScopes: ['a:write'] }, { addedScopes: ['a:read'], isByOwner: true }],
      [{ addedScopes: ['a:write'], isByOwner: true }],
      'scope_not_allowed',
    ],
    [{ allowedScopes: [] }, [{ addedScopes: [] }], [{ addedScopes: ['a:read'] }], 'scope_not_allowed'],
    [{ maxKeys: 2 }, [{ keysBefore: 1 }, {}], [{ keysBefore: 2 }, { keysBefore: 3 }], 'too_many_keys'],
    [{ maxKeys: 0 }, [{}], [{ keysBefore: 0 }], 'too_many_keys'],
  ]
  for (const [rules, allowed, refused, code] of REFUSALS)
    it(`KEY-09: refuses by ${JSON.stringify(rules)} with ${code}, which names the rule and the environment`, () => {
      const policy = withRules(rules)
      for (const proposed of allowed) {
        assert.equal(whyNotByPolicy(policy, proposed), null, JSON.stringify(proposed))
        assert.equal(whyNotByPolicy(withRules({}), proposed), null)
      }
      for (const proposed of refused) {
        assert.equal(whyNotByPolicy(policy, proposed)?.code, code, JSON.stringify(proposed))
        const problem = policyProblem(policy, proposed)
        assert.equal(problem?.code, code)
        assert.match(problem?.detail ?? '', /^The policy of `live` \(`[a-z_]+`\) /)
      }
    })

  it('KEY-09: a secret for which no end is named gets the default lifetime, within the longest', () => {
    for (const [rules, seconds] of [
      [{}, null],
      [{ defaultLifetimeSeconds: 60 }, 60],
      [{ maxLifetimeSeconds: 90 }, 90],
      [{ maxLifetimeSeconds: 90, defaultLifetimeSeconds: 60 }, 60],
      [{ maxLifetimeSeconds: 90, defaultLifetimeSeconds: 200 }, 90],
    ] as const) {
      const end = expiryWithin({}, withRules(rules), NOW)
      assert.deepEqual(end.ok && end.value, seconds === null ? null : at(seconds))
    }
  })

  it('KEY-11: a secret that follows another lives as long as it, or as long as the policy lets any', () => {
    for (const [rules, wanted, seconds] of [
      [{}, null, null],
      [{ defaultLifetimeSeconds: 60 }, null, null],
      [{ defaultLifetimeSeconds: 60, neverExpiresAllowed: false }, null, 60],
      [{ defaultLifetimeSeconds: 60, neverExpiresAllowed: false }, 500, 500],
      [{ maxLifetimeSeconds: 90, defaultLifetimeSeconds: 60 }, null, 90],
      [{ maxLifetimeSeconds: 90, defaultLifetimeSeconds: 60 }, 500, 90],
      [{ maxLifetimeSeconds: 90, defaultLifetimeSeconds: 60 }, 70, 70],
    ] as const)
      assert.deepEqual(
        nearestEnd(wanted === null ? null : at(wanted), withRules(rules), NOW),
        seconds === null ? null : at(seconds),
      )
  })

  it('KEY-11: an overlap for which no length is named is the usual one, within the policy', () => {
    const usual = (rules: Partial<PolicyRules>) => overlapOf(undefined, 86_400, withRules(rules), NOW)
    assert.deepEqual(usual({}), { ok: true, value: 86_400 })
    assert.deepEqual(usual({ maxOverlapSeconds: 3600 }), { ok: true, value: 3600 })
    assert.deepEqual(usual({ maxOverlapSeconds: 90_000 }), { ok: true, value: 86_400 })
    assert.equal(overlapOf(3601, 86_400, withRules({ maxOverlapSeconds: 3600 }), NOW).ok, false)
  })

  it('KEY-09: rules may not contradict each other, and each preset and the configuration’s agree', () => {
    const contradiction = (rules: Partial<PolicyRules>) => contradictionIn({ ...NO_RULES, ...rules })
    assert.equal(
      contradiction({ maxLifetimeSeconds: 60, defaultLifetimeSeconds: 61 }),
      'default_longer_than_longest',
    )
    assert.equal(contradiction({ neverExpiresAllowed: false }), 'no_end_for_new_secrets')
    assert.equal(contradiction({ neverExpiresAllowed: false, defaultLifetimeSeconds: 60 }), null)
    for (const name of PRESET_NAMES) assert.equal(contradictionIn(POLICY_PRESETS[name]), null, name)
    assert.equal(POLICY_PRESETS.soc2.maxLifetimeSeconds, 90 * 86_400)
  })
})
