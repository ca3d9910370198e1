import { sql } from 'kysely'
import { type Caller, environmentsOf, ownerOf, type Reach } from '../management/caller.ts'
import type { Permission } from '../management/permission.ts'
import { FINDING_HOLDERS, type FindingHolderKind } from './finding.ts'

/** The findings that a caller sees: of its owners and environments, and of what it may read anyway. */
export interface FindingReach {
  readonly of: Reach
  readonly kinds: readonly FindingHolderKind[]
}

/** A finding tells of its holder what the holder's own permission shows. */
const SHOWN_BY: Readonly<Record<FindingHolderKind, Permission>> = {
  key: 'keys:read',
  admin_key: 'admin_keys:read',
  client: 'clients:read',
  grant: 'grants:read',
  mail: 'notices:read',
}

export function findingReachOf({ reach, permissions }: Pick<Caller, 'reach' | 'permissions'>): FindingReach {
  return { of: reach, kinds: FINDING_HOLDERS.filter((kind) => permissions.has(SHOWN_BY[kind])) }
}

/** The condition that a finding is within reach. */
export function isWithin({ of, kinds }: FindingReach) {
  const [ownerId, environments] = [ownerOf(of), environmentsOf(of)]
  const conditions = [
    sql`holder_kind = any(${[...kinds]}::text[])`,
    ...(ownerId === null ? [] : [sql`owner_id = ${ownerId}`]),
    ...(environments === null ? [] : [sql`environment = any(${[...environments]}::text[])`]),
  ]
  return sql<boolean>`(${sql.join(conditions, sql` and `)})`
}
