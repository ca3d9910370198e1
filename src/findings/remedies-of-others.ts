import { findAdminKey } from '../admin-keys/admin-key.store.ts'
import { revokeAdminKey } from '../admin-keys/revoke-admin-key.ts'
import { finishAdminKeyRotation, rotateAdminKey } from '../admin-keys/rotate-admin-key.ts'
import { addSeconds } from '../base/clock.ts'
import { yes } from '../base/result.ts'
import { findClient } from '../clients/client.store.ts'
import { stateOf as clientState, hasSecret } from '../clients/client.ts'
import { finishClientRotation, rotateClient } from '../clients/rotate-client.ts'
import { revokeClient, suspendClient } from '../clients/suspend-client.ts'
import { ownerOf } from '../management/caller.ts'
import { impactOf } from '../oauth/grants/client-impact.store.ts'
import { findGrant } from '../oauth/grants/grant.store.ts'
import { stateWithClient } from '../oauth/grants/grant.ts'
import { revokeGrant } from '../oauth/grants/revoke-grant.ts'
import {
  currentSecret,
  DEFAULT_OVERLAP_SECONDS,
  hasLiveSecret,
  runningRotation,
  type StoredSecret,
} from '../secrets/secret.ts'
import { withoutSecret } from './remedies-of-key.ts'
import type { Standing, Uses } from './remedy-effect.ts'
import { DAY_SECONDS, type HolderActs, overlapFor, reasonFor } from './remedy-parts.ts'

/** Remedies of findings about an admin key. */
export const REMEDIES_OF_ADMIN_KEY: HolderActs = {
  async read(tx, { now }, id) {
    const key = await findAdminKey(tx, id)
    if (key === undefined) return undefined
    const works = key.revokedAt === null && hasLiveSecret(key.secrets, now)
    const state = key.revokedAt !== null ? 'revoked' : works ? 'active' : 'expired'
    return { state, works, ...NO_SETTINGS, ...ofSecrets(key.secrets, now) }
  },
  async usesOf(tx, _, id) {
    const key = await findAdminKey(tx, id)
    return { ...NO_USES, lastUsedAt: lastUseOf(key?.secrets ?? []) }
  },
  acts: {
    rotate: async (tx, caller, { brand }, finding, choices) => {
      const overlap = overlapFor(finding, choices) ?? DEFAULT_OVERLAP_SECONDS
      const made = await rotateAdminKey(tx, caller, brand, finding.holder.id, overlap)
      return made.ok ? yes(made.value.secret) : made
    },
    finish_rotation: async (tx, caller, _, { holder: { id: holderId } }) =>
      withoutSecret(await finishAdminKeyRotation(tx, caller, holderId)),
    revoke: async (tx, caller, _, finding, choices) =>
      withoutSecret(await revokeAdminKey(tx, caller, finding.holder.id, reasonFor(finding, choices))),
  },
}

/** Remedies of findings about an OAuth client. */
export const REMEDIES_OF_CLIENT: HolderActs = {
  async read(tx, { reach, now }, id) {
    const client = await findClient(tx, reach, id)
    if (client === undefined) return undefined
    const state = clientState(client)
    const works = state === 'live' || state === 'draft'
    return { state, works, ...NO_SETTINGS, ...ofSecrets(hasSecret(client) ? client.secrets : [], now) }
  },
  async usesOf(tx, { reach, now }, id) {
    const client = await findClient(tx, reach, id)
    const since = addSeconds(now, -DAY_SECONDS)
    const hit = await impactOf(tx, { clientId: id, ownerId: ownerOf(reach), now, since })
    const used = [hit.lastUsedAt, lastUseOf(client?.secrets ?? [])].filter((at) => at !== null)
    return {
      ...NO_USES,
      lastUsedAt: latest(used),
      grants: { count: hit.grants, atLeast: hit.atLeast },
    }
  },
  acts: {
    rotate: async (tx, caller, parts, finding, choices) => {
      const made = await rotateClient(tx, caller, parts, finding.holder.id, overlapFor(finding, choices))
      return made.ok ? yes(made.value.secret) : made
    },
    finish_rotation: async (tx, caller, _, { holder: { id: holderId } }) =>
      withoutSecret(await finishClientRotation(tx, caller, holderId)),
    suspend: async (tx, caller, _, finding, choices) =>
      withoutSecret(await suspendClient(tx, caller, finding.holder.id, reasonFor(finding, choices))),
    revoke: async (tx, caller, { revokeGrants }, finding, choices) =>
      withoutSecret(
        await revokeClient(tx, caller, finding.holder.id, reasonFor(finding, choices), revokeGrants),
      ),
  },
}

/** The remedy of a finding about a grant. */
export const REMEDIES_OF_GRANT: HolderActs = {
  async read(tx, { reach, now }, id) {
    const grant = await findGrant(tx, reach, id)
    if (grant === undefined) return undefined
    const state = stateWithClient(grant, now)
    const { scopes, expiresAt } = grant
    return { state, works: state === 'active', ...NO_SETTINGS, ...ofSecrets([], now), scopes, expiresAt }
  },
  async usesOf(tx, { reach }, id) {
    const grant = await findGrant(tx, reach, id)
    return { ...NO_USES, lastUsedAt: grant?.lastUsedAt ?? null }
  },
  acts: {
    revoke: async (tx, caller, _, finding, choices) =>
      withoutSecret(await revokeGrant(tx, caller, finding.holder.id, reasonFor(finding, choices))),
  },
}

const NO_SETTINGS = { scopes: null, ipAllowlist: null } as const

const NO_USES: Uses = {
  addresses: [],
  lastDayOf: new Map(),
  acceptedLastDay: null,
  lastUsedAt: null,
  grants: null,
}

function ofSecrets(
  secrets: readonly StoredSecret[],
  now: Date,
): Pick<Standing, 'expiresAt' | 'oldSecretEndsAt' | 'secrets'> {
  if (secrets.length === 0) return { expiresAt: null, oldSecretEndsAt: null, secrets }
  return {
    expiresAt: currentSecret(secrets).expiresAt,
    oldSecretEndsAt: runningRotation(secrets, now)?.endsAt ?? null,
    secrets,
  }
}

function lastUseOf(secrets: readonly StoredSecret[]): Date | null {
  return latest(secrets.flatMap(({ lastUsedAt }) => lastUsedAt ?? []))
}

function latest(moments: readonly Date[]): Date | null {
  return moments.toSorted((a, b) => Number(b) - Number(a))[0] ?? null
}
