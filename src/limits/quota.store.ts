import {
  type LimitHolder,
  periodAt,
  type Quota,
  type QuotaAnswer,
  type QuotaCount,
  type QuotaSpend,
} from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type NotedSpends, noteSpends } from './repeated-spends.store.ts'

/** Retention of spent units: the current month, the last one, and a margin. */
const KEPT_SECONDS = 100 * 24 * 3600

/** A calendar quota in one period, with its holder. */
interface Account {
  readonly of: LimitHolder
  readonly holderId: string
  readonly quota: Quota
  readonly start: Date
  readonly end: Date
}

/**
 * Spends calendar quotas in request order, each atomically: the key's quota and its owner's, or neither. The rows of all
 * accounts are locked first, in one order, so that two nodes take turns at the same accounts without a deadlock, and no
 * unit is spent twice.
 *
 * @param id of the request, which spends nothing where it was sent before
 */
export async function spendQuotas(
  db: Db,
  spends: readonly QuotaSpend[],
  now: Date,
  id?: string,
): Promise<readonly (QuotaAnswer | Error)[]> {
  return await db.transaction().execute(async (tx) => {
    const accounts = await accountsOf(tx, spends, now)
    const spent = await lockSpent(tx, [...accounts.values()].flat())
    const before = new Map(spent)
    const answers = spends.map(({ credentialId, cost, givesBack }): QuotaAnswer | Error => {
      const own = accounts.get(credentialId)
      if (own === undefined) return new Error('no such credential')
      const units = givesBack === true ? -cost : cost
      const granted = own.every(
        (account) => units < 0 || (spent.get(nameOf(account)) ?? 0) + units <= account.quota.limit,
      )
      if (granted)
        for (const account of own)
          spent.set(nameOf(account), Math.max(0, (spent.get(nameOf(account)) ?? 0) + units))
      return { granted, quotas: own.map((account) => toCount(account, spent.get(nameOf(account)) ?? 0)) }
    })
    if (id !== undefined) {
      const granted = answers.map((answer) => (answer instanceof Error ? null : answer.granted))
      const first = await noteSpends(tx, { id, granted, spentAt: now })
      if (first !== null) return await answersAgain(tx, spends, first)
    }
    const changed = [...accounts.values()]
      .flat()
      .filter((account) => spent.get(nameOf(account)) !== before.get(nameOf(account)))
    if (changed.length > 0) await writeSpent(tx, changed, spent)
    return answers
  })
}

/** The first decisions, with the counts of the periods in which they were made. */
async function answersAgain(
  tx: Tx,
  spends: readonly QuotaSpend[],
  first: NotedSpends,
): Promise<readonly (QuotaAnswer | Error)[]> {
  const accounts = await accountsOf(tx, spends, first.spentAt)
  const spent = await spentOf(tx, [...accounts.values()].flat())
  return spends.map(({ credentialId }, at) => {
    const granted = first.granted[at] ?? null
    const own = accounts.get(credentialId)
    if (granted === null || own === undefined) return new Error('no such credential')
    return { granted, quotas: own.map((account) => toCount(account, spent.get(nameOf(account)) ?? 0)) }
  })
}

/** Counts of a key's quotas and its owner's. */
export async function quotasOfKey(db: Db, keyId: string, now: Date): Promise<readonly QuotaCount[]> {
  const row = await db
    .selectFrom('keys')
    .innerJoin('owners', 'owners.id', 'keys.owner_id')
    .select(['keys.quota as key_quota', 'owners.id as owner_id', 'owners.quota as owner_quota'])
    .where('keys.id', '=', keyId)
    .executeTakeFirstOrThrow()
  const accounts = accountsFor({ ...row, key_id: keyId }, now)
  const spent = await spentOf(db, accounts)
  return accounts.map((account) => toCount(account, spent.get(nameOf(account)) ?? 0))
}

export async function forgetOldQuotas(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'quota_spent', 'period_start', addSeconds(now, -KEPT_SECONDS))
}

/** Accounts by credential: an empty list for one without a quota, no entry for one that does not exist. */
async function accountsOf(
  tx: Tx,
  spends: readonly QuotaSpend[],
  now: Date,
): Promise<ReadonlyMap<string, readonly Account[]>> {
  const credentialIds = [...new Set(spends.map(({ credentialId }) => credentialId))]
  const rows = await tx
    .selectFrom('secrets')
    .innerJoin('keys', 'keys.id', 'secrets.holder_id')
    .innerJoin('owners', 'owners.id', 'keys.owner_id')
    .select(['secrets.id', 'keys.id as key_id', 'keys.quota as key_quota'])
    .select(['owners.id as owner_id', 'owners.quota as owner_quota'])
    .where('secrets.id', 'in', credentialIds)
    .execute()
  const ofTokens = await tx
    .selectFrom('owners')
    .innerJoin(tokenHolders(credentialIds), (join) => join.onRef('holder.owner_id', '=', 'owners.id'))
    .select(['holder.id', 'owners.id as owner_id', 'owners.quota as owner_quota'])
    .execute()
  const all = [...rows, ...ofTokens.map((row) => ({ ...row, key_id: '', key_quota: null }))]
  return new Map(all.map((row) => [row.id, accountsFor(row, now)]))
}

/**
 * Holders by which tokens are counted: the grant, or without a user the client; with the owner whose data they reach.
 */
function tokenHolders(ids: readonly string[]) {
  return sql<{ id: string; owner_id: string }>`(
    select id, owner_id from grants where id = any(${[...ids]}::text[])
    union all
    select id, owner_id from clients where id = any(${[...ids]}::text[]) and owner_id is not null
  )`.as('holder')
}

interface QuotasRow {
  readonly key_id: string
  readonly key_quota: Quota | null
  readonly owner_id: string
  readonly owner_quota: Quota | null
}

function accountsFor(row: QuotasRow, now: Date): Account[] {
  const account = (of: LimitHolder, holderId: string, quota: Quota | null): Account[] =>
    quota === null ? [] : [{ of, holderId, quota, ...periodAt(quota.period, now) }]
  return [...account('key', row.key_id, row.key_quota), ...account('owner', row.owner_id, row.owner_quota)]
}

interface SpentRow {
  readonly holder_id: string
  readonly period: string
  readonly period_start: Date
  readonly spent: number
}

/** Returns the units spent so far, without a lock. */
async function spentOf(db: Db | Tx, accounts: readonly Account[]): Promise<Map<string, number>> {
  const { rows } = await sql<SpentRow>`
    select spent.holder_id, spent.period, spent.period_start, spent.spent
    from quota_spent as spent join ${unnested(accounts)} using (holder_id, period, period_start)`.execute(db)
  return new Map(rows.map((each) => [nameOfRow(each), each.spent]))
}

/**
 * Locks and returns the units spent so far: no other transaction spends from these accounts until this one ends.
 */
async function lockSpent(tx: Tx, accounts: readonly Account[]): Promise<Map<string, number>> {
  if (accounts.length === 0) return new Map()
  const { rows } = await sql<SpentRow>`
    insert into quota_spent as counted (holder_id, period, period_start, spent)
    select distinct holder_id, period, period_start, 0 from ${unnested(accounts)} order by 1, 2, 3
    on conflict (holder_id, period, period_start) do update set spent = counted.spent
    returning holder_id, period, period_start, spent`.execute(tx)
  return new Map(rows.map((row) => [nameOfRow(row), row.spent]))
}

async function writeSpent(
  tx: Tx,
  accounts: readonly Account[],
  spent: ReadonlyMap<string, number>,
): Promise<void> {
  await sql`
    update quota_spent set spent = changed.spent
    from ${unnested(accounts, spent)}
    where quota_spent.holder_id = changed.holder_id and quota_spent.period = changed.period
      and quota_spent.period_start = changed.period_start`.execute(tx)
}

/** The accounts as rows of a table `changed`. */
function unnested(accounts: readonly Account[], spent?: ReadonlyMap<string, number>) {
  return sql`unnest(
    ${accounts.map(({ holderId }) => holderId)}::text[], ${accounts.map(({ quota }) => quota.period)}::text[],
    ${accounts.map(({ start }) => start)}::timestamptz[],
    ${accounts.map((account) => spent?.get(nameOf(account)) ?? 0)}::bigint[]
  ) as changed (holder_id, period, period_start, spent)`
}

function nameOf({ holderId, quota, start }: Account): string {
  return nameOfRow({ holder_id: holderId, period: quota.period, period_start: start })
}

function nameOfRow(row: Omit<SpentRow, 'spent'>): string {
  return `${row.holder_id}/${row.period}/${row.period_start.getTime()}`
}

function toCount({ of, quota, end }: Account, spent: number): QuotaCount {
  return { of, period: quota.period, limit: quota.limit, spent, endsAt: end }
}
