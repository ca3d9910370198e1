import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { type Permission, withParts } from '../management/permission.ts'
import { lastUsesOf, workingSecretsOf } from '../secrets/secret.store.ts'
import { type Exercised, type Facts, NO_FACTS } from './facts.ts'

/** A permission without a use in this time was not exercised, as for scopes. */
const EXERCISED_SECONDS = 90 * 24 * 3600
/** A mail that was given up needs attention for so long. */
const GIVEN_UP_FOR_SECONDS = 30 * 24 * 3600

interface AdminKeyRow {
  readonly id: string
  readonly ownerId: string | null
  readonly createdAt: Date
  readonly permissions: readonly Permission[]
  readonly isStopped: boolean
}

/** Facts of some admin keys. */
export async function adminKeyFacts(db: Db, ids: readonly string[], now: Date): Promise<Facts[]> {
  const { rows } = await sql<AdminKeyRow>`
    select id, owner_id as "ownerId", created_at as "createdAt", permissions,
      (revoked_at is not null
        or exists (select from owners where owners.id = owner_id and suspended_at is not null)) as "isStopped"
    from admin_keys where id = any(${ids}::text[])`.execute(db)
  const secrets = Map.groupBy(await workingSecretsOf(db, ids, now), ({ holderId }) => holderId)
  const uses = await lastUsesOf(db, ids)
  const permissionsOf = await exercisedPermissions(db, ids, now)
  return rows.map((row) => ({
    ...NO_FACTS,
    holder: { kind: 'admin_key', id: row.id },
    ...{ ownerId: row.ownerId, createdAt: row.createdAt },
    isLive: !row.isStopped && secrets.has(row.id),
    lastUsedAt: uses.get(row.id) ?? null,
    secrets: secrets.get(row.id) ?? [],
    permissions: permissionsOf(row),
  }))
}

async function exercisedPermissions(
  db: Db,
  ids: readonly string[],
  now: Date,
): Promise<(key: AdminKeyRow) => Exercised | null> {
  const since = addSeconds(now, -EXERCISED_SECONDS)
  const { permissions_since: recordedSince } = await db
    .selectFrom('finding_settings')
    .select('permissions_since')
    .executeTakeFirstOrThrow()
  if (recordedSince > since) return () => null
  const rows = await db
    .selectFrom('exercised_permissions')
    .select(['admin_key_id', 'permission'])
    .where(sql<boolean>`admin_key_id = any(${ids}::text[])`)
    .where('last_day', '>=', since)
    .execute()
  const exercised = Map.groupBy(rows, (row) => row.admin_key_id)
  return ({ id, createdAt, permissions }) => {
    const own = exercised.get(id)?.map(({ permission }) => permission as Permission) ?? []
    if (createdAt > since || own.length === 0) return null
    const covered = withParts(own)
    return { used: own.sort(), unused: permissions.filter((each) => !covered.has(each)).sort() }
  }
}

interface ClientRow {
  readonly id: string
  readonly ownerId: string | null
  readonly environment: string
  readonly createdAt: Date
  readonly isStopped: boolean
  readonly grantUsedAt: Date | null
}

/** Facts of some clients: of those that people registered, since others are removed when they are unused. */
export async function clientFacts(db: Db, ids: readonly string[], now: Date): Promise<Facts[]> {
  const { rows } = await sql<ClientRow>`
    select id, owner_id as "ownerId", environment, created_at as "createdAt",
      (source <> 'registered' or revoked_at is not null or suspended_at is not null
        or exists (select from owners where owners.id = owner_id and suspended_at is not null)) as "isStopped",
      (select max(last_used_at) from grants where grants.client_id = clients.id) as "grantUsedAt"
    from clients where id = any(${ids}::text[])`.execute(db)
  const secrets = Map.groupBy(await workingSecretsOf(db, ids, now), ({ holderId }) => holderId)
  const uses = await lastUsesOf(db, ids)
  return rows.map(({ id, ownerId, environment, createdAt, isStopped, grantUsedAt }) => ({
    ...NO_FACTS,
    holder: { kind: 'client', id },
    ...{ ownerId, environment, createdAt, isLive: !isStopped },
    lastUsedAt: later(uses.get(id) ?? null, grantUsedAt),
    secrets: secrets.get(id) ?? [],
  }))
}

interface GrantRow {
  readonly id: string
  readonly ownerId: string
  readonly environment: string
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
  readonly isLive: boolean
}

/** Facts of some grants. One to a client that is suspended allows nothing meanwhile. */
export async function grantFacts(db: Db, ids: readonly string[], now: Date): Promise<Facts[]> {
  const { rows } = await sql<GrantRow>`
    select grants.id, grants.owner_id as "ownerId", clients.environment, granted_at as "createdAt",
      last_used_at as "lastUsedAt",
      (grants.revoked_at is null and clients.suspended_at is null and clients.revoked_at is null
        and (grants.expires_at is null or grants.expires_at > ${now}::timestamptz)
        and not exists (select from owners where owners.id = grants.owner_id and owners.suspended_at is not null))
        as "isLive"
    from grants join clients on clients.id = grants.client_id
    where grants.id = any(${ids}::text[])`.execute(db)
  return rows.map(({ id, ...facts }) => ({ ...NO_FACTS, ...facts, holder: { kind: 'grant', id } }))
}

interface MailRow {
  readonly id: string
  readonly ownerId: string | null
  readonly createdAt: Date
  readonly to: string | null
  readonly subject: string
  readonly answer: string | null
  readonly givenUpAt: Date | null
}

/** Facts of some mails, each to one recipient. */
export async function mailFacts(db: Db, ids: readonly string[], now: Date): Promise<Facts[]> {
  const { rows } = await sql<MailRow>`
    select deliveries.id, deliveries.owner_id as "ownerId", deliveries.created_at as "createdAt",
      recipient as to, content ->> 'subject' as subject, answer,
      case when state = 'given_up' then ended_at end as "givenUpAt"
    from mail_deliveries as deliveries join mails on mails.id = mail_id
    where deliveries.id = any(${ids}::text[])`.execute(db)
  return rows.map(({ id, ownerId, createdAt, to, subject, answer, givenUpAt: at }) => ({
    ...NO_FACTS,
    holder: { kind: 'mail', id },
    ...{ ownerId, createdAt },
    isLive: at !== null && at > addSeconds(now, -GIVEN_UP_FOR_SECONDS),
    givenUp: at === null ? null : { to: to ?? '', subject, answer, at },
  }))
}

function later(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b
  return a > b ? a : b
}
