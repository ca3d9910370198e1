import type { Secret } from '@doorward/sdk/kernel'
import { parseIpRanges } from '@doorward/sdk/kernel'
import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { changeKey, disableKey, type KeyUpdate, revokeKey } from '../keys/change-key.ts'
import { findKey } from '../keys/key.store.ts'
import { lastUse, stateOf } from '../keys/key.ts'
import { finishKeyRotation, rotateKey } from '../keys/rotate-key.ts'
import type { Caller } from '../management/caller.ts'
import { currentSecret, runningRotation } from '../secrets/secret.ts'
import { exercisedScopesOf } from '../usage/exercised-scope.store.ts'
import { outcomesOfKey } from '../usage/impact.store.ts'
import { addressesOfKey } from '../usage/last-address.store.ts'
import type { Finding } from './finding.ts'
import {
  type Act,
  DAY_SECONDS,
  type HolderActs,
  overlapFor,
  type RemedyParts,
  reasonFor,
} from './remedy-parts.ts'

/** Remedies of findings about an API key. */
export const REMEDIES_OF_KEY: HolderActs = {
  async read(tx, { reach, now }, id) {
    const key = await findKey(tx, reach, id)
    if (key === undefined) return undefined
    const state = stateOf(key, now)
    return {
      ...{ state, works: state === 'active', scopes: key.scopes, ipAllowlist: key.ipAllowlist },
      expiresAt: currentSecret(key.secrets).expiresAt,
      oldSecretEndsAt: runningRotation(key.secrets, now)?.endsAt ?? null,
      secrets: key.secrets,
    }
  },

  async usesOf(tx, { reach, now }, id) {
    const outcomes = await outcomesOfKey(tx, id, addSeconds(now, -DAY_SECONDS))
    const key = await findKey(tx, reach, id)
    return {
      addresses: await addressesOfKey(tx, id),
      lastDayOf: await exercisedScopesOf(tx, id),
      acceptedLastDay: outcomes.find(({ outcome }) => outcome === 'accepted')?.calls ?? 0,
      lastUsedAt: key === undefined ? null : (lastUse(key)?.lastUsedAt ?? null),
      grants: null,
    }
  },

  acts: {
    shrink_scopes: async (tx, caller, parts, finding) => {
      if (finding.kind !== 'over_scoped') throw new Error(`${finding.id} is not about scopes`)
      const { holder, evidence } = finding
      const key = await findKey(tx, caller.reach, holder.id)
      if (key === undefined) return no(NOT_FOUND)
      const scopes = key.scopes.filter((scope) => !evidence.unused_scopes.includes(scope))
      return await update(tx, caller, parts, holder.id, { scopes })
    },
    pin_addresses: async (tx, caller, parts, finding, { ipAllowlist }) => {
      const pinned = ipAllowlist ?? (await knownAddresses(tx, finding))
      if (pinned.length === 0) return no(NO_ADDRESS)
      return await update(tx, caller, parts, finding.holder.id, { ipAllowlist: pinned })
    },
    set_expiry: async (tx, caller, parts, { holder: { id: holderId } }, { expiresAt }) =>
      await update(tx, caller, parts, holderId, { expiresAt }),
    rotate: async (tx, caller, parts, finding, choices) => {
      const settings = { overlapSeconds: overlapFor(finding, choices) }
      const made = await rotateKey(tx, caller, parts, finding.holder.id, settings)
      return made.ok ? yes(made.value.secret) : made
    },
    finish_rotation: async (tx, caller, _, { holder: { id: holderId } }) =>
      withoutSecret(await finishKeyRotation(tx, caller, holderId)),
    disable: async (tx, caller, _, { holder: { id: holderId } }) =>
      withoutSecret(await disableKey(tx, caller, holderId)),
    revoke: async (tx, caller, _, finding, choices) =>
      withoutSecret(await revokeKey(tx, caller, finding.holder.id, reasonFor(finding, choices))),
  },
}

async function update(
  tx: Tx,
  caller: Caller,
  { policy }: RemedyParts,
  id: string,
  change: KeyUpdate,
): ReturnType<Act> {
  return withoutSecret(await changeKey(tx, caller, policy, id, change))
}

/** The addresses from which the key was accepted, without those of a network that the finding is about. */
async function knownAddresses(tx: Tx, { evidence, holder }: Finding): Promise<string[]> {
  const seen = (await addressesOfKey(tx, holder.id)).filter(({ outcome }) => outcome === 'accepted')
  const network = 'network' in evidence ? parseIpRanges([evidence.network]) : null
  const isKnown = (ip: string) => network === null || 'notARange' in network || !network.includes(ip)
  return [...new Set(seen.map(({ ip }) => ip).filter(isKnown))].sort()
}

const NO_ADDRESS = problem(
  'remedy_not_applicable',
  'No other address of the key is known. Give an `ip_allowlist`, or disable the key.',
)

/** The answer of an act that mints no secret. */
export function withoutSecret(done: Result<unknown, Problem>): Result<Secret | null, Problem> {
  return done.ok ? yes(null) : done
}
