import type { Permission } from '../management/permission.ts'
import type { FindingHolderKind, FindingKind } from './finding.ts'

export const REMEDIES = [
  'shrink_scopes',
  'pin_addresses',
  'set_expiry',
  'rotate',
  'finish_rotation',
  'disable',
  'suspend',
  'revoke',
] as const
export type Remedy = (typeof REMEDIES)[number]

/** The act behind a remedy: it needs what the act needs when it is asked for directly. */
export interface RemedyAct {
  readonly permission: Permission
  readonly isDangerous?: boolean
  readonly withinEnvironments?: boolean
}

const KEY_WRITE = { permission: 'keys:write', withinEnvironments: true } as const
const KEY_REVOKE = { permission: 'keys:revoke', withinEnvironments: true } as const
const CLIENT_WRITE = { permission: 'clients:write', withinEnvironments: true } as const
const CLIENT_REVOKE = { permission: 'clients:revoke', withinEnvironments: true } as const
const ADMIN_KEY_WRITE = { permission: 'admin_keys:write', isDangerous: true } as const

/** Acts on each kind of holder. A mail that was given up is no credential: its owner gets another contact. */
export const REMEDY_ACTS: Readonly<Record<FindingHolderKind, Readonly<Partial<Record<Remedy, RemedyAct>>>>> =
  {
    key: {
      shrink_scopes: KEY_WRITE,
      pin_addresses: KEY_WRITE,
      set_expiry: KEY_WRITE,
      rotate: KEY_WRITE,
      finish_rotation: KEY_WRITE,
      disable: KEY_REVOKE,
      revoke: KEY_REVOKE,
    },
    client: {
      rotate: CLIENT_WRITE,
      finish_rotation: CLIENT_WRITE,
      suspend: CLIENT_REVOKE,
      revoke: { ...CLIENT_REVOKE, isDangerous: true },
    },
    admin_key: {
      rotate: ADMIN_KEY_WRITE,
      finish_rotation: ADMIN_KEY_WRITE,
      revoke: { permission: 'admin_keys:revoke', isDangerous: true },
    },
    grant: { revoke: { permission: 'grants:write' } },
    mail: {},
  }

/** Remedies of each kind of finding, the one that hurts least first. */
const OF_KIND: Readonly<Record<FindingKind, readonly Remedy[]>> = {
  no_expiry: ['set_expiry', 'suspend', 'revoke'],
  not_rotated: ['rotate', 'disable', 'suspend', 'revoke'],
  never_used: ['disable', 'suspend', 'revoke'],
  unused: ['disable', 'suspend', 'revoke'],
  over_scoped: ['shrink_scopes'],
  rotation_overdue: ['finish_rotation'],
  new_network: ['pin_addresses', 'disable', 'revoke'],
  foreign_network: ['pin_addresses', 'disable', 'revoke'],
  exposed: ['rotate', 'finish_rotation', 'disable', 'suspend', 'revoke'],
  over_permitted: ['revoke'],
  mail_given_up: [],
}

/** Remedies of a finding about a holder of this kind. */
export function remediesOf(kind: FindingKind, holder: FindingHolderKind): readonly Remedy[] {
  return OF_KIND[kind].filter((remedy) => REMEDY_ACTS[holder][remedy] !== undefined)
}
