import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { underOwner } from './usage.ts'

export interface OutcomeCalls {
  readonly outcome: string
  readonly calls: number
}

export interface ScopeCount {
  readonly scope: string
  readonly count: number
}

/** Verifications of a key since a moment of the last day, by outcome, most first. */
export async function outcomesOfKey(db: Db, keyId: string, since: Date): Promise<OutcomeCalls[]> {
  return await outcomes(db, sql`credential_id in (select id from secrets where holder_id = ${keyId})`, since)
}

/** Verifications of an owner's keys since a moment of the last day, by outcome, most first. */
export async function outcomesOfOwner(db: Db, ownerId: string, since: Date): Promise<OutcomeCalls[]> {
  return await outcomes(db, sql`credential_id = ${underOwner(ownerId)}`, since)
}

async function outcomes(db: Db, whose: ReturnType<typeof sql>, since: Date): Promise<OutcomeCalls[]> {
  const { rows } = await sql<OutcomeCalls>`
    select outcome, sum(calls)::bigint as calls from usage_minutes
    where ${whose} and bucket >= ${since}::timestamptz and calls > 0
    group by outcome order by calls desc, outcome`.execute(db)
  return rows
}

/** Scopes that accepted verifications of a key asked for since a moment of the last day, most first. */
export async function scopesOfKey(db: Db, keyId: string, since: Date): Promise<ScopeCount[]> {
  const { rows } = await sql<ScopeCount>`
    select scope, sum(count)::bigint as count from usage_minutes
    where credential_id in (select id from secrets where holder_id = ${keyId})
      and bucket >= ${since}::timestamptz and outcome = 'accepted' and scope <> ''
    group by scope order by count desc, scope limit 200`.execute(db)
  return rows
}
