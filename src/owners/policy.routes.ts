import type { FastifyInstance } from 'fastify'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { coversEnvironment, ownerOf } from '../management/caller.ts'
import { type Call, changes, type Pipeline, reads } from '../management/pipeline.ts'
import { changePolicy } from './change-policy.ts'
import {
  ChangedPolicyWire,
  EnvironmentPoliciesWire,
  EnvironmentPolicyWire,
  fromPolicyChangeWire,
  PolicyChangeWire,
  PolicyParams,
  PolicyQuery,
  toChangedPolicyWire,
  toEnvironmentPolicyWire,
  toPresetsWire,
} from './environment-policy.wire.ts'
import { findOwner } from './owner.store.ts'
import { findPolicies } from './policy.store.ts'
import { type ConfiguredPolicy, policyOf } from './policy.ts'
import { ConfiguredPolicyWire, toConfiguredPolicyWire } from './policy.wire.ts'

const tag = 'Policies'
const read = {
  method: 'GET',
  permission: 'owners:read',
  withinEnvironments: true,
  tag,
  status: 200,
} as const

export interface PolicySettings {
  readonly policy: ConfiguredPolicy
  readonly testEnvironments: readonly string[]
}

/** Policies of environments, and what the configuration says where they have no rule. */
export function policyRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  { policy: configured, testEnvironments }: PolicySettings,
): void {
  const getConfigured = {
    ...read,
    id: 'getPolicy',
    url: '/v1/policy',
    summary: 'The configured policy, which holds where neither an environment nor an owner has a rule',
    answer: ConfiguredPolicyWire,
  } as const
  reads(app, pipeline, getConfigured, async () => yes(toConfiguredPolicyWire(configured)))

  const list = {
    ...read,
    id: 'listPolicies',
    hasEntityTag: true,
    url: '/v1/policies',
    summary: 'The policy of each environment, rule by rule with where it comes from; and presets',
    query: PolicyQuery,
    answer: EnvironmentPoliciesWire,
  } as const
  reads(app, pipeline, list, async (call) =>
    yes({ data: await policiesWithin(call, call.query.owner_id), presets: toPresetsWire() }),
  )

  const get = {
    ...read,
    id: 'getEnvironmentPolicy',
    hasEntityTag: true,
    url: '/v1/policies/:environment',
    summary: 'The policy of one environment',
    params: PolicyParams,
    query: PolicyQuery,
    answer: EnvironmentPolicyWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, async (call) => {
    const policies = await policiesWithin(call, call.query.owner_id)
    const policy = policies.find(({ environment }) => environment === call.params.environment)
    return policy === undefined ? no(NOT_FOUND) : yes(policy)
  })

  const change = {
    id: 'changePolicy',
    method: 'PATCH',
    url: '/v1/policies/:environment',
    permission: 'policies:write',
    tag,
    summary:
      'Change the rules of an environment; a longest lifetime applies to existing secrets too, once their people have had the longest notice',
    params: PolicyParams,
    body: PolicyChangeWire,
    status: 200,
    answer: ChangedPolicyWire,
    problems: ['not_found', 'policy_contradicts', 'fresh_proof_required'],
  } as const
  changes(app, pipeline, change, async ({ db, caller, params: { environment }, body }) => {
    const done = await changePolicy(db, caller, configured, environment, fromPolicyChangeWire(body))
    if (!done.ok) return done
    const policy = policyOf(configured, environment, done.value.stored.rules)
    return yes(toChangedPolicyWire(policy, done.value, testEnvironments.includes(environment)))
  })

  /** As they hold for an owner: that of the query, else the one to which the caller is bound. */
  async function policiesWithin(
    { db, caller }: Pick<Call<never, never, never>, 'db' | 'caller'>,
    asked?: string,
  ) {
    const { reach } = caller
    const ownerId = asked ?? ownerOf(reach)
    const owner = ownerId === null ? undefined : await findOwner(db, reach, ownerId)
    const stored = await findPolicies(db)
    return configured.environments
      .filter((environment) => coversEnvironment(reach, environment))
      .map((environment) => {
        const own = stored.get(environment)
        const policy = policyOf(configured, environment, own?.rules, owner?.policy)
        // To an owner's own admin key it is not told who changed it, nor what it did to others.
        const told = ownerOf(reach) === null ? own : undefined
        return toEnvironmentPolicyWire(policy, told, testEnvironments.includes(environment))
      })
  }
}
