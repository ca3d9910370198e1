import { addSeconds } from '../base/clock.ts'
import { runningRotation } from '../secrets/secret.ts'
import type { Facts, SeenNetwork } from './facts.ts'
import type { FindingKind, FindingSettings, Found } from './finding.ts'

const DAY_SECONDS = 24 * 3600

/** A rotation that began longer ago, and of which both secrets were used within this time, is overdue. */
const ROTATION_SECONDS = 7 * DAY_SECONDS
/** A network is new for this long. */
const NEW_FOR_SECONDS = 30 * DAY_SECONDS
/** Networks of the first weeks are what a key is used from; later ones are new. */
const LEARNING_SECONDS = 14 * DAY_SECONDS
/** Keys that must be used in a network before it counts as theirs. */
const FEWEST_OTHERS = 2

type Detector<Kind extends FindingKind> = (
  facts: Facts,
  settings: FindingSettings,
  now: Date,
) => Extract<Found, { readonly kind: Kind }>[]

/** One function for each kind. */
const DETECTORS: { readonly [Kind in FindingKind]: Detector<Kind> } = {
  no_expiry: ({ holder, secrets }) => {
    const current = secrets.find(({ retiresAt }) => retiresAt === null)
    if (current === undefined || current.expiresAt !== null) return []
    const evidence = { secret_created_at: current.createdAt.toISOString() }
    return [{ kind: 'no_expiry', subject: holder.id, evidence }]
  },
  not_rotated: ({ holder, secrets }, { rotateAfterDays }, now) => {
    const current = secrets.find(({ retiresAt }) => retiresAt === null)
    if (current === undefined || current.createdAt > daysBefore(now, rotateAfterDays)) return []
    const evidence = { secret_created_at: current.createdAt.toISOString() }
    return [{ kind: 'not_rotated', subject: holder.id, evidence }]
  },
  never_used: ({ holder, createdAt, lastUsedAt }, { unusedAfterDays }, now) => {
    if (holder.kind === 'mail' || lastUsedAt !== null || createdAt > daysBefore(now, unusedAfterDays))
      return []
    return [{ kind: 'never_used', subject: holder.id, evidence: { created_at: createdAt.toISOString() } }]
  },
  unused: ({ holder, lastUsedAt }, { unusedAfterDays }, now) => {
    if (lastUsedAt === null || lastUsedAt > daysBefore(now, unusedAfterDays)) return []
    return [{ kind: 'unused', subject: holder.id, evidence: { last_used_at: lastUsedAt.toISOString() } }]
  },
  over_scoped: ({ holder, scopes }) =>
    scopes === null || scopes.unused.length === 0
      ? []
      : [
          {
            kind: 'over_scoped',
            subject: holder.id,
            evidence: { unused_scopes: scopes.unused, used_scopes: scopes.used },
          },
        ],
  rotation_overdue: ({ secrets }, _, now) => {
    const rotation = runningRotation(secrets, now)
    if (rotation === null) return []
    const { old, next, endsAt } = rotation
    const since = addSeconds(now, -ROTATION_SECONDS)
    if (next.createdAt > since || old.lastUsedAt === null || next.lastUsedAt === null) return []
    if (old.lastUsedAt <= since || next.lastUsedAt <= since) return []
    const evidence = {
      ...{ old_hint: old.hint, new_hint: next.hint },
      ...{ old_last_used_at: old.lastUsedAt.toISOString(), old_last_used_ip: old.lastUsedIp },
      ...{ new_last_used_at: next.lastUsedAt.toISOString(), started_at: next.createdAt.toISOString() },
      ends_at: endsAt.toISOString(),
    }
    return [{ kind: 'rotation_overdue', subject: old.id, evidence }]
  },
  new_network: ({ networks }, _, now) => {
    const firstAt = Math.min(...networks.map((each) => each.firstAt.getTime()))
    const isNew = (seen: SeenNetwork) => seen.firstAt.getTime() - firstAt >= LEARNING_SECONDS * 1000
    const known = networks.filter((seen) => !isNew(seen)).map(({ network }) => network)
    return networks
      .filter((seen) => isNew(seen) && seen.firstAt > addSeconds(now, -NEW_FOR_SECONDS))
      .map((seen) => ({
        kind: 'new_network',
        subject: seen.network,
        evidence: {
          ...{ network: seen.network, first_seen_at: seen.firstAt.toISOString() },
          ...{ last_seen_at: seen.lastAt.toISOString(), known_networks: known },
        },
      }))
  },
  foreign_network: ({ networks, environment }, _, now) =>
    networks
      .filter(
        ({ lastAt, others, environments }) =>
          lastAt > addSeconds(now, -NEW_FOR_SECONDS) &&
          others >= FEWEST_OTHERS &&
          environment !== null &&
          !environments.includes(environment),
      )
      .map(({ network, lastAt, others, environments }) => ({
        kind: 'foreign_network',
        subject: network,
        evidence: { network, last_seen_at: lastAt.toISOString(), environments, keys_there: others },
      })),
  exposed: ({ secrets }) =>
    secrets.flatMap(({ id, hint, exposedAt }) =>
      exposedAt === null
        ? []
        : [
            {
              kind: 'exposed' as const,
              subject: id,
              evidence: { secret_hint: hint, exposed_at: exposedAt.toISOString() },
            },
          ],
    ),
  over_permitted: ({ holder, permissions }) =>
    permissions === null || permissions.unused.length === 0
      ? []
      : [
          {
            kind: 'over_permitted',
            subject: holder.id,
            evidence: { unused_permissions: permissions.unused, used_permissions: permissions.used },
          },
        ],
  mail_given_up: ({ holder, givenUp }) =>
    givenUp === null
      ? []
      : [
          {
            kind: 'mail_given_up',
            subject: holder.id,
            evidence: {
              ...{ to: givenUp.to, subject: givenUp.subject, answer: givenUp.answer },
              given_up_at: givenUp.at.toISOString(),
            },
          },
        ],
}

/** All that needs attention of a holder. */
export function detect(facts: Facts, settings: FindingSettings, now: Date): Found[] {
  if (!facts.isLive) return []
  return Object.values(DETECTORS).flatMap((found): Found[] => found(facts, settings, now))
}

function daysBefore(now: Date, days: number): Date {
  return addSeconds(now, -days * DAY_SECONDS)
}
