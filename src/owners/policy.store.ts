import { type Selectable, sql } from 'kysely'
import type { Db, Schema, Tx } from '../db/schema.ts'
import type { DisablingFloors } from './disabling.ts'
import type { PolicyRules } from './policy.ts'
import { RULE_FIELDS, RULE_NAMES, toRuleFields } from './policy-fields.ts'

/** The rules of an environment as they are stored, and how far a shorter lifetime has reached existing secrets. */
export interface StoredPolicy {
  readonly environment: string
  readonly rules: PolicyRules
  readonly changedAt: Date
  readonly changedBy: string
  readonly shortening: Shortening | null
  readonly disabling: DisablingFloors
  readonly dating: Dating | null
}

/** The walk over the keys of an environment after a rule was changed that disables keys at a date. */
export interface Dating {
  readonly startedAt: Date
  /** Keys up to this id are done. */
  readonly after: string
  /** Keys whose date was set or changed. */
  readonly keys: number
  readonly finishedAt: Date | null
}

/** The walk over the secrets of an environment after its longest lifetime was set. */
export interface Shortening {
  readonly maxLifetimeSeconds: number
  /** No secret ends before this because of it; null: secrets that are too old end at once. */
  readonly notBefore: Date | null
  readonly startedAt: Date
  /** Holders up to this id are done. */
  readonly after: string
  readonly shortened: number
  readonly ended: number
  readonly finishedAt: Date | null
}

/** Advisory lock of all policies. */
const POLICIES = sql`hashtext('doorward: policies')`

/**
 * Keeps the policies of environments as they are until the transaction ends. Whatever makes or changes a key, a client or
 * an owner takes it before any row, and then reads the policy: a change of a policy waits for it, and it for the change.
 */
export async function sharePolicies(tx: Tx): Promise<void> {
  // Not a row: an environment without rules has none.
  await sql`select pg_advisory_xact_lock_shared(${POLICIES})`.execute(tx)
}

/** Waits for all that share the policies, and keeps others waiting until the transaction ends. */
export async function holdPolicies(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${POLICIES})`.execute(tx)
}

/** Policies by environment; only those of environments that have had rules. */
export async function findPolicies(db: Db): Promise<ReadonlyMap<string, StoredPolicy>> {
  const rows = await db.selectFrom('policies').selectAll().execute()
  return new Map(rows.map((row) => [row.environment, fromRow(row)]))
}

export async function findPolicy(db: Db, environment: string): Promise<StoredPolicy | undefined> {
  const row = await db
    .selectFrom('policies')
    .selectAll()
    .where('environment', '=', environment)
    .executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** The two walks over what exists, by the columns in which they are stored. */
export type Walk = 'shortening' | 'dating'

/** Environments in which a walk has not finished. */
export async function environmentsToWalk(db: Db, walk: Walk): Promise<string[]> {
  const rows = await db
    .selectFrom('policies')
    .select('environment')
    .where(`${walk}_started_at`, 'is not', null)
    .where(`${walk}_finished_at`, 'is', null)
    .orderBy('environment')
    .execute()
  return rows.map(({ environment }) => environment)
}

/** Locks a policy whose walk has not finished; undefined: there is none, or another server walks. */
export async function lockToWalk(tx: Tx, environment: string, walk: Walk): Promise<StoredPolicy | undefined> {
  const row = await tx
    .selectFrom('policies')
    .selectAll()
    .where('environment', '=', environment)
    .where(`${walk}_started_at`, 'is not', null)
    .where(`${walk}_finished_at`, 'is', null)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** Stores the rules of an environment, and with them the walk that they begin. */
export async function savePolicy(tx: Tx, policy: StoredPolicy): Promise<void> {
  const { environment, rules, changedAt, changedBy, shortening, disabling, dating } = policy
  const row = {
    ...toRuleFields(rules),
    allowed_scopes: rules.allowedScopes === null ? null : [...rules.allowedScopes],
    owner_allowed_scopes: rules.ownerAllowedScopes === null ? null : [...rules.ownerAllowedScopes],
    notice_tiers: rules.noticeTiers === null ? null : [...rules.noticeTiers],
    changed_at: changedAt,
    changed_by: changedBy,
    ...toShorteningColumns(shortening),
    unrotated_not_before: disabling.unrotatedNotBefore,
    unlisted_not_before: disabling.unlistedNotBefore,
    ...toDatingColumns(dating),
  }
  await tx
    .insertInto('policies')
    .values({ environment, ...row })
    .onConflict((conflict) => conflict.column('environment').doUpdateSet(row))
    .execute()
}

export async function saveShortening(tx: Tx, environment: string, shortening: Shortening): Promise<void> {
  await tx
    .updateTable('policies')
    .set(toShorteningColumns(shortening))
    .where('environment', '=', environment)
    .execute()
}

export async function saveDating(tx: Tx, environment: string, dating: Dating): Promise<void> {
  await tx
    .updateTable('policies')
    .set(toDatingColumns(dating))
    .where('environment', '=', environment)
    .execute()
}

function toDatingColumns(dating: Dating | null) {
  return {
    dating_started_at: dating?.startedAt ?? null,
    dating_finished_at: dating?.finishedAt ?? null,
    dating_after: dating?.after ?? '',
    dating_keys: dating?.keys ?? 0,
  }
}

function toShorteningColumns(shortening: Shortening | null) {
  return {
    shortening_to_seconds: shortening?.maxLifetimeSeconds ?? null,
    shortening_not_before: shortening?.notBefore ?? null,
    shortening_started_at: shortening?.startedAt ?? null,
    shortening_finished_at: shortening?.finishedAt ?? null,
    shortening_after: shortening?.after ?? '',
    shortening_shortened: shortening?.shortened ?? 0,
    shortening_ended: shortening?.ended ?? 0,
  }
}

function fromRow(row: Selectable<Schema['policies']>): StoredPolicy {
  const { shortening_started_at: startedAt, shortening_to_seconds: maxLifetimeSeconds } = row
  const { dating_started_at: datingStartedAt } = row
  return {
    environment: row.environment,
    rules: Object.fromEntries(
      RULE_NAMES.map((name) => [name, row[RULE_FIELDS[name]]]),
    ) as unknown as PolicyRules,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
    shortening:
      startedAt === null || maxLifetimeSeconds === null
        ? null
        : {
            maxLifetimeSeconds,
            notBefore: row.shortening_not_before,
            startedAt,
            after: row.shortening_after,
            shortened: row.shortening_shortened,
            ended: row.shortening_ended,
            finishedAt: row.shortening_finished_at,
          },
    disabling: {
      unrotatedNotBefore: row.unrotated_not_before,
      unlistedNotBefore: row.unlisted_not_before,
    },
    dating:
      datingStartedAt === null
        ? null
        : {
            startedAt: datingStartedAt,
            after: row.dating_after,
            keys: row.dating_keys,
            finishedAt: row.dating_finished_at,
          },
  }
}
