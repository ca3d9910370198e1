/** Kinds of findings. `new_network` and `foreign_network` name the network as their subject, `exposed` the secret. */
export const FINDING_KINDS = [
  'no_expiry',
  'not_rotated',
  'never_used',
  'unused',
  'over_scoped',
  'rotation_overdue',
  'new_network',
  'foreign_network',
  'exposed',
  'over_permitted',
  'mail_given_up',
] as const
export type FindingKind = (typeof FINDING_KINDS)[number]

/** Kinds of things that a finding can be about. */
export const FINDING_HOLDERS = ['key', 'admin_key', 'client', 'grant', 'mail'] as const
export type FindingHolderKind = (typeof FINDING_HOLDERS)[number]

export interface FindingHolder {
  readonly kind: FindingHolderKind
  readonly id: string
}

/** Evidence of each kind, as it is stored and sent. Moments are ISO 8601 in UTC. */
export interface EvidenceOf {
  readonly no_expiry: { readonly secret_created_at: string }
  readonly not_rotated: { readonly secret_created_at: string }
  readonly never_used: { readonly created_at: string }
  readonly unused: { readonly last_used_at: string }
  readonly over_scoped: {
    readonly unused_scopes: readonly string[]
    readonly used_scopes: readonly string[]
  }
  readonly rotation_overdue: {
    readonly old_hint: string
    readonly old_last_used_at: string
    readonly old_last_used_ip: string | null
    readonly new_hint: string
    readonly new_last_used_at: string
    readonly started_at: string
    readonly ends_at: string
  }
  readonly new_network: {
    readonly network: string
    readonly first_seen_at: string
    readonly last_seen_at: string
    readonly known_networks: readonly string[]
  }
  readonly foreign_network: {
    readonly network: string
    readonly last_seen_at: string
    readonly environments: readonly string[]
    readonly keys_there: number
  }
  readonly exposed: { readonly secret_hint: string; readonly exposed_at: string }
  readonly over_permitted: {
    readonly unused_permissions: readonly string[]
    readonly used_permissions: readonly string[]
  }
  readonly mail_given_up: {
    readonly to: string
    readonly subject: string
    readonly answer: string | null
    readonly given_up_at: string
  }
}

/** Something that needs attention, with its evidence. */
export type Found = {
  [Kind in FindingKind]: {
    readonly kind: Kind
    /** With the holder and the kind it names one finding. The holder's id, where the kind is about the holder. */
    readonly subject: string
    readonly evidence: EvidenceOf[Kind]
  }
}[FindingKind]

/** Acceptance of a finding for a time, by somebody who answers for it. */
export interface Acceptance {
  readonly at: Date
  readonly until: Date
  readonly by: string
  readonly reason: string
}

/** A finding as it is stored. */
export type Finding = Found & {
  readonly id: string
  readonly holder: FindingHolder
  /** Null: the API provider's own. */
  readonly ownerId: string | null
  readonly environment: string | null
  readonly firstSeenAt: Date
  /** The last acceptance, which may be over. */
  readonly acceptance: Acceptance | null
}

export const FINDING_STATES = ['open', 'accepted'] as const
export type FindingState = (typeof FINDING_STATES)[number]

/** An acceptance that is over counts no more, to the second. */
export function stateOf({ acceptance }: Pick<Finding, 'acceptance'>, now: Date): FindingState {
  return acceptance !== null && acceptance.until > now ? 'accepted' : 'open'
}

/** Longest time for which a finding is accepted: a leap year, so that "a year from now" fits. */
export const MAX_ACCEPTANCE_SECONDS = 366 * 24 * 3600

export interface FindingSettings {
  /** Without a use in this time a holder is unused, or never used. */
  readonly unusedAfterDays: number
  /** A secret that is older was not rotated. */
  readonly rotateAfterDays: number
  /** Each week a mail to those whom open findings concern. */
  readonly weeklyMail: boolean
}

export const DEFAULT_FINDING_SETTINGS: FindingSettings = {
  unusedAfterDays: 90,
  rotateAfterDays: 90,
  weeklyMail: true,
}
export const MAX_SETTING_DAYS = 3_650
