import { type RawBuilder, sql } from 'kysely'
import { chainHead } from '../audit/audit-event.store.ts'
import { addSeconds } from '../base/clock.ts'
import type { Tx } from '../db/schema.ts'
import { type AlteredVerdicts, CHANNEL, MAX_HASHES } from './change.ts'

/**
 * Writes a change to the outbox, in the transaction of the change itself. The lock of the audit log, which every change
 * takes anyway, is held from here to the commit. Positions are therefore given in the order of commits, and a reader that
 * goes on from its last position misses nothing. Use cases call `record`.
 */
export async function announce(tx: Tx, now: Date, action: string, altered: AlteredVerdicts): Promise<void> {
  await chainHead(tx, 'lock')
  const ended = altered === 'everything' ? null : (altered.ended ?? null)
  const { hashes, ownerIds, clientIds } = subjectOf(altered, now)
  await sql`
    with altered as (
      select coalesce(array_agg(hash), '{}') as hashes from (${hashes ?? NO_HASHES}) as secret (hash)
    ), holders as (
      select
        array(select distinct id from (${ownerIds ?? NO_IDS}) as owner (id) limit ${MAX_HASHES + 1}) as owner_ids,
        array(select distinct id from (${clientIds ?? NO_IDS}) as client (id) limit ${MAX_HASHES + 1}) as client_ids
      from altered
      where ${hashes === null} or cardinality(altered.hashes) > ${MAX_HASHES}
    ), few as (
      select * from holders where cardinality(owner_ids || client_ids) between 1 and ${MAX_HASHES}
    ), head as (
      update changes_head set position = position + 1 returning position
    ), change as (
      insert into changes (position, at, action, hashes, owner_ids, client_ids, ended_reason, ended_at)
      select
        head.position, ${now}::timestamptz, ${action},
        case when not exists (select from holders) then altered.hashes end,
        few.owner_ids, few.client_ids,
        ${ended?.reason ?? null}, ${ended?.at ?? null}::timestamptz
      from head cross join altered left join few on true
      returning position
    )
    select pg_notify(${CHANNEL}, position::text) from change`.execute(tx)
}

type Query = RawBuilder<unknown>

/** Statements for the hashes of the changed credentials, null for all of the holders; and for the holders. */
interface Subject {
  readonly hashes: Query | null
  readonly ownerIds?: Query
  readonly clientIds?: Query
}

const NO_HASHES = sql`select null::bytea where false`
const NO_IDS = sql`select null::text where false`
/** A secret that ended this long ago has ended by every clock: no change of its holder alters its verdict. */
const LONG_OVER_SECONDS = 86_400

/**
 * Where all credentials of a holder may have changed, the holder's id is enough: a complete list of hashes would have to
 * lock out new tokens and keys meanwhile.
 */
function subjectOf(altered: AlteredVerdicts, now: Date): Subject {
  if (altered === 'everything') return { hashes: null }
  if ('ownerId' in altered) {
    const { ownerId } = altered
    const clientIds = sql`select id from clients where owner_id = ${ownerId}`
    return { hashes: null, ownerIds: sql`select ${ownerId}::text`, clientIds }
  }
  if ('clientId' in altered) return { hashes: null, clientIds: sql`select ${altered.clientId}::text` }
  if ('tokenHash' in altered) return { hashes: sql`select ${altered.tokenHash}::bytea` }
  if ('secretId' in altered) return { hashes: sql`select hash from secrets where id = ${altered.secretId}` }
  if ('secretIds' in altered) {
    const which = sql`secrets.id = any(${altered.secretIds}::text[])`
    return {
      hashes: sql`select hash from secrets where ${which} limit ${MAX_HASHES + 1}`,
      ownerIds: sql`select keys.owner_id from secrets join keys on keys.id = secrets.holder_id where ${which}`,
    }
  }
  if ('holderId' in altered)
    return {
      hashes: sql`
        select hash from secrets
        where holder_id = ${altered.holderId}
          and coalesce(least(revoked_at, retired_at, retires_at), 'infinity') > ${addSeconds(now, -LONG_OVER_SECONDS)}
        limit ${MAX_HASHES + 1}`,
      ownerIds: sql`select owner_id from keys where id = ${altered.holderId}`,
      clientIds: sql`select id from clients where id = ${altered.holderId}`,
    }
  if ('familyId' in altered)
    return {
      hashes: sql`select hash from access_tokens where family_id = ${altered.familyId} limit ${MAX_HASHES + 1}`,
      clientIds: sql`select client_id from token_families where id = ${altered.familyId}`,
    }
  const which = sql`grants.id = any(${altered.grantIds}::text[])`
  return {
    hashes: sql`${tokensOfGrants(which)} limit ${MAX_HASHES + 1}`,
    clientIds: sql`select client_id from grants where ${which}`,
  }
}

/** All tokens that are still stored: verifiers may have any of them cached. */
function tokensOfGrants(which: Query) {
  return sql`
    select access_tokens.hash from grants
    join token_families on token_families.grant_id = grants.id
    join access_tokens on access_tokens.family_id = token_families.id
    where ${which}`
}
