import { type RawBuilder, sql } from 'kysely'
import { momentAt } from '../base/moment.ts'
import type { Db } from '../db/schema.ts'
import { coversEnvironment, environmentsOf, ownerOf, type Reach } from '../management/caller.ts'
import { NOTICE_SECONDS } from '../owners/disabling.ts'
import { holderOf } from '../secrets/secret.store.ts'
import { hasNotEnded } from './key.store.ts'
import { dayOf, type KeyState } from './key.ts'
import { type KeyFilter, LIVE_STATES, statesAskedFor } from './key-filter.ts'
import { isOverScoped, type OverScoped, overScopedAt } from './over-scoped.store.ts'

/** A filter as statements take it: bound to the caller's reach, and with what other tables say. */
export interface Asked extends Omit<KeyFilter, 'states' | 'secretSha256' | 'overScoped'> {
  /** Null: keys in every state. */
  readonly states: readonly KeyState[] | null
  /** The environments within reach, where the list is of several; null: no bound. */
  readonly within: readonly string[] | null
  /** Null: keys of several owners. */
  readonly ownerIsSuspended: boolean | null
  /** A rule has disabled keys by now, and the job has not written so yet. */
  readonly someAreDue: boolean
  /** Few keys have expired and are not marked so yet: these can be read and sorted. */
  readonly fewLapse: boolean
  /** Keys that the search finds by their hint or their id. */
  readonly found: readonly string[]
  /** Keys with a secret that was seen in a URL, where the filter asks for them. */
  readonly exposedIds: readonly string[] | null
  /** Null: the filter does not ask for it. */
  readonly overScoped: OverScoped | null
  /** The creator has fewer keys than the owner: walks go along the creator's. */
  readonly isCreatorRarer?: boolean
  /** The key of a secret, if one was asked for. */
  readonly id?: string
}

/** More keys than this have a hint that begins as asked. */
export const TOO_BROAD = 'too_broad'
const MOST_HINTS = 2_000
const MOST_EXPOSED = 2_000

/** Resolves a filter. Null: nothing can match it. */
export async function resolve(
  db: Db,
  reach: Reach,
  { secretSha256, ...filter }: KeyFilter,
  now: Date,
): Promise<Asked | null | typeof TOO_BROAD> {
  const ownerId = ownerOf(reach) ?? filter.ownerId
  // Another owner's keys look just like none.
  if (filter.ownerId !== undefined && filter.ownerId !== ownerId) return null
  if (filter.environment !== undefined && !coversEnvironment(reach, filter.environment)) return null
  const [only, ...others] = environmentsOf(reach) ?? []
  const environment = filter.environment ?? (others.length === 0 ? only : undefined)
  const within = environment === undefined ? environmentsOf(reach) : null
  const id = secretSha256 === undefined ? undefined : await holderOf(db, secretSha256)
  if (secretSha256 !== undefined && id === undefined) return null
  const found = filter.q === undefined ? [] : await foundBy(db, ownerId, filter.q)
  if (found === TOO_BROAD) return found
  const exposedIds = filter.exposed === true ? await holdersOfExposed(db, ownerId) : null
  if (exposedIds?.length === 0) return null
  const overScoped = filter.overScoped === true ? await overScopedAt(db, now) : null
  if (filter.overScoped === true && overScoped === null) return null
  const bound = {
    ...filter,
    ownerId,
    environment,
    within,
    found,
    exposedIds,
    overScoped,
    ...(id === undefined ? {} : { id }),
  }
  const wanted = statesAskedFor(filter)
  // A key that never ends has not expired.
  const states =
    filter.noExpiry === true ? (wanted?.filter((state) => state !== 'expired') ?? wanted) : wanted
  if (states?.length === 0) return null
  const fewLapse = await doFewLapse(db, states, now)
  const someAreDue = states !== null && (await areSomeDue(db, now))
  const known = { ...bound, fewLapse, someAreDue }
  if (ownerId === undefined) return { ...known, states, ownerIsSuspended: null }
  // Asked once: else all keys of the owner would be walked through for none of them.
  const ownerIsSuspended = await isSuspended(db, ownerId)
  const possible = states?.filter((state) => isPossible(state, ownerIsSuspended)) ?? null
  return possible?.length === 0 ? null : { ...known, states: possible, ownerIsSuspended }
}

function isPossible(state: KeyState, ownerIsSuspended: boolean): boolean {
  if (state === 'suspended') return ownerIsSuspended
  return !((state === 'active' || state === 'disabled') && ownerIsSuspended)
}

const MOST_LAPSING = 1_000

/** Counted only where expired keys are asked for and live ones are not. */
async function doFewLapse(db: Db, states: Asked['states'], now: Date): Promise<boolean> {
  if (
    states?.includes('expired') !== true ||
    states.some((state) => LIVE_STATES.some((one) => one === state))
  )
    return true
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (
      select from keys where revoked_at is null and not lapsed and ends_at <= ${now}::timestamptz
      order by ends_at limit ${MOST_LAPSING + 1}
    ) as lapsing`.execute(db)
  return (rows[0]?.n ?? 0) <= MOST_LAPSING
}

/**
 * Not marked as disabled, and refused since a rule's date: by the indexes of these dates. As a rule there is none, because
 * a job looks each minute; so the lists are spared the comparison.
 */
export function isDue(now: Date) {
  return sql<boolean>`keys.disabled_at is null and keys.revoked_at is null
    and (keys.disable_unrotated_at <= ${now}::timestamptz or keys.disable_unlisted_at <= ${now}::timestamptz)`
}

async function areSomeDue(db: Db, now: Date): Promise<boolean> {
  const { rows } = await sql<{ are: boolean }>`
    select exists (select from keys where ${isDue(now)}) as are`.execute(db)
  return rows[0]?.are === true
}

async function isSuspended(db: Db, ownerId: string): Promise<boolean> {
  const owner = await db
    .selectFrom('owners')
    .select('suspended_at')
    .where('id', '=', ownerId)
    .executeTakeFirst()
  return owner !== undefined && owner.suspended_at !== null
}

/** A hint up to its `…`: two characters of the secret at least, or too many keys would have it. */
const HINT = /^([a-z0-9_]{1,60}_[A-Za-z0-9]{2,16})…?$/

async function foundBy(db: Db, ownerId: string | undefined, q: string): Promise<string[] | typeof TOO_BROAD> {
  const byId = q.startsWith('key_') ? [q] : []
  const hint = HINT.exec(q)?.[1]
  if (hint === undefined) return byId
  const ofOwner = ownerId === undefined ? sql`` : sql`and ${isOwnedBy(ownerId)}`
  const { rows } = await sql<{ holder_id: string }>`
    select holder_id from secrets
    where hint collate "C" >= ${hint} and hint collate "C" < ${hint + LAST} and holder_id like 'key\\_%' ${ofOwner}
    order by hint collate "C", holder_id limit ${MOST_HINTS + 1}`.execute(db)
  return rows.length > MOST_HINTS ? TOO_BROAD : [...byId, ...rows.map((row) => row.holder_id)]
}

/** Keys with a secret that was seen in a URL, the latest of them: whether it still works is a condition. */
async function holdersOfExposed(db: Db, ownerId: string | undefined): Promise<string[]> {
  const ofOwner = ownerId === undefined ? sql`` : sql`and ${isOwnedBy(ownerId)}`
  const { rows } = await sql<{ holder_id: string }>`
    select holder_id from secrets
    where exposed_at is not null and revoked_at is null and retired_at is null ${ofOwner}
    order by exposed_at desc limit ${MOST_EXPOSED}`.execute(db)
  return [...new Set(rows.map((row) => row.holder_id))]
}

/** A subquery for each row of `secrets`: a join might read all keys first. */
function isOwnedBy(ownerId: string): RawBuilder<boolean> {
  return sql`exists (select from keys where id = holder_id and owner_id = ${ownerId})`
}

/** Sorts after all that may follow a prefix, by bytes of UTF-8. */
const LAST = '\u{10FFFF}'

/** Everything that a key must fulfil, what is read from other tables last: Postgres may check it in this order. */
export function conditionsOf(asked: Asked, now: Date): RawBuilder<boolean>[] {
  const { id, ownerId, environment, q, scope, createdBy, states, unusedSince, expiringBefore } = asked
  const all: RawBuilder<boolean>[] = []
  if (id !== undefined) all.push(sql`keys.id = ${id}`)
  if (ownerId !== undefined) all.push(sql`keys.owner_id = ${ownerId}`)
  if (environment !== undefined) all.push(sql`keys.environment = ${environment}`)
  if (asked.within !== null) all.push(sql`keys.environment = any(${[...asked.within]}::text[])`)
  if (createdBy !== undefined) all.push(sql`keys.created_by = ${createdBy}`)
  if (asked.noExpiry === true) all.push(sql`keys.ends_at is null`)
  if (expiringBefore !== undefined) all.push(sql`keys.ends_at < ${expiringBefore}::timestamptz`)
  if (asked.rotationDueBefore !== undefined)
    all.push(sql`keys.disable_unrotated_at < ${disabledBefore(asked.rotationDueBefore)}::timestamptz`)
  // Hints: they spare the secrets of most keys.
  if (asked.neverUsed === true) all.push(sql`keys.used_day <= 0`)
  if (unusedSince !== undefined)
    all.push(
      sql`keys.created_at <= ${unusedSince}::timestamptz`,
      sql`-keys.seen_day >= ${-dayOf(unusedSince)}::integer`,
    )
  if (asked.exposedIds !== null) all.push(sql`keys.id = any(${asked.exposedIds}::text[])`)
  if (scope !== undefined) all.push(sql`keys.scopes @> array[${scope}]::text[]`)
  if (q !== undefined) all.push(isFoundBy(q, asked.found))
  if (states !== null) all.push(stateIs(states, asked, now))
  if (asked.exposedIds !== null)
    all.push(sql`exists (select from secrets where holder_id = keys.id and exposed_at is not null
      and revoked_at is null and retired_at is null
      and (retires_at is null or retires_at > ${now}::timestamptz)
      and (expires_at is null or expires_at > ${now}::timestamptz))`)
  // A subquery for each row: with `not exists` the secrets of all keys would be read first.
  if (asked.neverUsed === true)
    all.push(sql`(select max(last_used_at) from secrets where holder_id = keys.id) is null`)
  if (unusedSince !== undefined)
    all.push(sql`coalesce((select max(last_used_at) from secrets where holder_id = keys.id), '-infinity')
      < ${unusedSince}::timestamptz`)
  if (asked.overScoped !== null) all.push(...isOverScoped(asked.overScoped))
  return all
}

/** Keys whose rotation is due before a moment are disabled before this one. */
export function disabledBefore(rotationDueBefore: Date): Date {
  return momentAt(rotationDueBefore.getTime() + NOTICE_SECONDS * 1000)
}

function isFoundBy(q: string, found: readonly string[]): RawBuilder<boolean> {
  if (isShort(q)) return sql`starts_with(lower(keys.name), lower(${q}::text))`
  return sql`(strpos(lower(keys.name), lower(${q}::text)) > 0 or keys.owner_id = ${q} or keys.id = any(${found}::text[]))`
}

/** Too short for the index of parts of names: only names that begin with it are found. */
export function isShort(q: string): boolean {
  return [...q].length < 3
}

/** The state of a key, as `stateOf` has it: a test holds the two together. */
function stateIs(
  states: readonly KeyState[],
  asked: Pick<Asked, 'ownerIsSuspended' | 'someAreDue'>,
  now: Date,
): RawBuilder<boolean> {
  const ends: RawBuilder<boolean>[] = []
  if (states.includes('expired'))
    ends.push(sql`(keys.revoked_at is null and keys.ends_at <= ${now}::timestamptz)`)
  if (states.includes('revoked')) ends.push(sql`keys.revoked_at is not null`)
  const live = LIVE_STATES.filter((state) => states.includes(state))
  const kinds =
    live.length === LIVE_STATES.length ? [sql`true`] : live.map((state) => kindOf(state, asked, now))
  if (kinds.length > 0) ends.push(sql`(${hasNotEnded(now)} and (${sql.join(kinds, sql` or `)}))`)
  return ends.length === 0 ? sql`false` : sql`(${sql.join(ends, sql` or `)})`
}

/** A subquery for each row: a join might read all owners first. */
export const SUSPENDED_AT = sql`(select suspended_at from owners where id = keys.owner_id)`

function kindOf(
  state: (typeof LIVE_STATES)[number],
  { ownerIsSuspended, someAreDue }: Pick<Asked, 'ownerIsSuspended' | 'someAreDue'>,
  now: Date,
): RawBuilder<boolean> {
  const known = ownerIsSuspended !== null
  if (state === 'suspended') return known ? sql`true` : sql`${SUSPENDED_AT} is not null`
  const ownerResumes = known ? sql`true` : sql`${SUSPENDED_AT} is null`
  const isDisabled = someAreDue
    ? sql`(keys.disabled_at is not null or coalesce(${isDue(now)}, false))`
    : sql`keys.disabled_at is not null`
  if (state === 'disabled') return sql`${isDisabled} and ${ownerResumes}`
  const isEnabled = someAreDue ? sql`not ${isDisabled}` : sql`keys.disabled_at is null`
  return sql`${isEnabled} and ${ownerResumes}`
}

/** The names that begin with a search that is too short for the index of their parts. */
export function namesThatBegin(q: string | undefined): readonly RawBuilder<boolean>[] {
  if (q === undefined || !isShort(q)) return []
  const folded = sql`lower(${q}::text) collate "C"`
  return [sql`${FOLDED_NAME} >= ${folded} and ${FOLDED_NAME} < ${folded} || ${LAST}`]
}

/** As the indexes have it. */
export const FOLDED_NAME = sql`lower(keys.name) collate "C"`

/** True for a key of the environments within reach. Checked after a bounded walk: few keys might be of them. */
export function isIn(reach: Reach): RawBuilder<boolean> {
  const environments = environmentsOf(reach)
  return environments === null ? sql`true` : sql`keys.environment = any(${[...environments]}::text[])`
}

/** The end of a key, as indexes have it: one that never ends comes last. */
export const NEVER = sql`'9999-12-31T23:59:59.999Z'::timestamptz`
export const END = sql`coalesce(keys.ends_at, ${NEVER})`
