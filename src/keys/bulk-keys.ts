import { addSeconds } from '../base/clock.ts'
import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { ownerNames } from '../owners/owner.store.ts'
import { sharePolicies } from '../owners/policy.store.ts'
import type { ConfiguredPolicy } from '../owners/policy.ts'
import { holdCatalogue } from '../scopes/scope.store.ts'
import { lockSecretsOf } from '../secrets/secret.store.ts'
import { type BulkChange, effectOn } from './bulk-change.ts'
import {
  countSelected,
  fingerprintOf,
  MOST_SELECTED,
  mostInUse,
  type SelectedCounts,
  selectKeys,
} from './bulk-keys.store.ts'
import { changeKey, disableKey, enableKey, revokeKey } from './change-key.ts'
import type { KeySettings } from './create-key.ts'
import { findKeys, lockKeys } from './key.store.ts'
import type { Key } from './key.ts'
import type { KeyFilter } from './key-filter.ts'
import { keyProblem } from './key-problem.ts'

/** Keys that one request changes: more would hold the lock of the audit log for too long. */
export const MOST_AT_ONCE = 100
const READ_AT_ONCE = 1_000
const DAY_SECONDS = 24 * 3600

/** A bulk change that has begun: which keys by a filter are still to be changed. */
export interface BulkToken {
  readonly batch: string
  /** Keys up to this id are done. */
  readonly after: string
  readonly count: number
  readonly fingerprint: string
}

export interface BulkRequest {
  readonly change: BulkChange
  readonly keys: { readonly ids: readonly string[] } | { readonly filter: KeyFilter }
  readonly dryRun: boolean
  readonly token: BulkToken | null
  readonly batch: string | null
}

export interface BulkItem {
  readonly id: string
  readonly outcome: 'changed' | 'unchanged' | 'refused' | 'not_found'
  readonly why: Problem | null
  readonly key: Key | null
}

/** Facts of other tables about keys. */
export interface AboutKeys {
  readonly ownerNames: ReadonlyMap<string, string | null>
  /** Verifications of the last day. */
  readonly calls: ReadonlyMap<string, number>
}

export interface BulkParts extends KeySettings {
  /** Verifications with some keys since a moment of the last day. */
  readonly callsOf: (db: Db, keyIds: readonly string[], since: Date) => Promise<ReadonlyMap<string, number>>
}

export interface BulkResult extends SelectedCounts {
  readonly about: AboutKeys
  readonly batch: string | null
  readonly matched: number
  readonly changed: number
  readonly unchanged: number
  readonly refused: number
  readonly items: readonly BulkItem[]
  readonly next: BulkToken | null
  readonly remaining: number
}

/**
 * Changes many keys, by the use cases of single ones: one audit event and one announcement for each. A dry run says what
 * would happen, first for the keys that are in use. With a filter, a run acts on exactly the keys of its dry run, or on none.
 */
export async function bulkChangeKeys(
  tx: Tx,
  caller: Caller,
  parts: BulkParts,
  request: BulkRequest,
): Promise<Result<BulkResult, Problem>> {
  const { change, keys, dryRun, token } = request
  if (change.verb === 'shorten-expiry' && change.expiresAt <= caller.now)
    return no(problem('expiry_in_past', 'To end keys now, revoke them.'))
  if ('ids' in keys) {
    const ids = [...new Set(keys.ids)].sort()
    if (dryRun) return yes(await foresee(tx, caller, parts, request, ids))
    return yes(await act(tx, caller, parts, { ...request, batch: request.batch ?? newId('bat') }, ids))
  }
  const found = await selectKeys(tx, caller.reach, keys.filter, caller.now)
  if (found === 'too_many') return no(TOO_LARGE)
  if (dryRun) return yes(await foresee(tx, caller, parts, request, found))
  if (token === null) return no(problem('invalid_request', 'Send the `token` of the dry run.'))
  const rest = found.filter((id) => id > token.after)
  if (rest.length !== token.count || fingerprint(change, rest) !== token.fingerprint)
    return no(
      problem(
        'selection_changed',
        `The filter and the change fitted ${token.count} keys then, and fit ${rest.length === token.count ? 'others' : rest.length} now. Nothing was done. Do a dry run again.`,
      ),
    )
  const now = rest.slice(0, MOST_AT_ONCE)
  const later = rest.slice(MOST_AT_ONCE)
  const done = await act(tx, caller, parts, { ...request, batch: token.batch }, now)
  const next = later.length === 0 ? null : tokenFor(token.batch, change, now.at(-1) ?? token.after, later)
  return yes({ ...done, next, remaining: later.length })
}

const TOO_LARGE = problem(
  'selection_too_large',
  `It matches more than ${MOST_SELECTED} keys, or too many must be read to find them. Narrow it, for example by \`owner_id\`.`,
)

function tokenFor(batch: string, change: BulkChange, after: string, ids: readonly string[]): BulkToken {
  return { batch, after, count: ids.length, fingerprint: fingerprint(change, ids) }
}

/** The reason of a revocation may be added after the dry run. */
function fingerprint(change: BulkChange, ids: readonly string[]): string {
  return fingerprintOf([JSON.stringify({ ...change, reason: null }), ...ids])
}

async function foresee(
  db: Db,
  caller: Caller,
  parts: BulkParts,
  { change, keys }: BulkRequest,
  ids: readonly string[],
): Promise<BulkResult> {
  const { reach, now } = caller
  const found: BulkItem[] = []
  for (let at = 0; at < ids.length; at += READ_AT_ONCE)
    for (const key of await findKeys(db, reach, ids.slice(at, at + READ_AT_ONCE)))
      found.push(foreseen(key, change, now))
  const items = new Map(found.map((item) => [item.id, item]))
  const first = (await mostInUse(db, [...items.keys()], MOST_AT_ONCE)).flatMap((id) => items.get(id) ?? [])
  const missing = ids.filter((id) => !items.has(id)).map(notFound)
  return {
    ...countsOf(found),
    ...(await countSelected(db, [...items.keys()], addSeconds(now, -DAY_SECONDS))),
    about: await readAbout(
      db,
      parts,
      first.flatMap(({ key }) => key ?? []),
      now,
    ),
    batch: null,
    matched: found.length,
    items: [...first, ...missing],
    next: 'filter' in keys ? tokenFor(newId('bat'), change, '', ids) : null,
    remaining: found.length,
  }
}

async function readAbout(
  db: Db,
  { callsOf }: BulkParts,
  keys: readonly Key[],
  now: Date,
): Promise<AboutKeys> {
  const ids = keys.map(({ id }) => id)
  return {
    ownerNames: await ownerNames(db, [...new Set(keys.map(({ ownerId }) => ownerId))]),
    calls: await callsOf(db, ids, addSeconds(now, -DAY_SECONDS)),
  }
}

async function act(
  tx: Tx,
  caller: Caller,
  parts: BulkParts,
  { change, batch }: BulkRequest & { batch: string },
  ids: readonly string[],
): Promise<BulkResult> {
  // Before the keys, and before the first audit event.
  await sharePolicies(tx)
  const keys = new Map((await lockKeys(tx, caller.reach, ids)).map((key) => [key.id, key]))
  // As the keys, before the first audit event.
  if (change.verb === 'remove-scope') await holdCatalogue(tx)
  if (change.verb === 'shorten-expiry') await lockSecretsOf(tx, [...keys.keys()])
  // So is the report: the lock of the audit log holds up every other change.
  const counted = await countSelected(tx, [...keys.keys()], addSeconds(caller.now, -DAY_SECONDS))
  const about = await readAbout(tx, parts, [...keys.values()], caller.now)
  const items: BulkItem[] = []
  for (const id of ids) {
    const key = keys.get(id)
    const item = key === undefined ? notFound(id) : foreseen(key, change, caller.now)
    if (key === undefined || item.outcome !== 'changed') items.push(item)
    else {
      const done = await changeOne(tx, caller, parts.policy, key, change, batch)
      items.push(done.ok ? item : { ...item, outcome: 'refused', why: done.no })
    }
  }
  const after = new Map((await findKeys(tx, caller.reach, ids)).map((key) => [key.id, key]))
  const found = items.filter(({ outcome }) => outcome !== 'not_found')
  return {
    ...countsOf(found),
    ...counted,
    about,
    batch,
    matched: found.length,
    items: items.map((item) => ({ ...item, key: after.get(item.id) ?? null })),
    next: null,
    remaining: 0,
  }
}

async function changeOne(
  tx: Tx,
  caller: Caller,
  configured: ConfiguredPolicy,
  { id, scopes }: Key,
  change: BulkChange,
  batch: string,
): Promise<Result<string, Problem>> {
  switch (change.verb) {
    case 'disable':
      return await disableKey(tx, caller, id, batch)
    case 'enable':
      return await enableKey(tx, caller, configured, id, batch)
    case 'revoke':
      return await revokeKey(tx, caller, id, change.reason, batch)
    case 'shorten-expiry':
      return await changeKey(tx, caller, configured, id, { expiresAt: change.expiresAt }, batch)
    case 'remove-scope': {
      const without = scopes.filter((scope) => scope !== change.scope)
      return await changeKey(tx, caller, configured, id, { scopes: without }, batch)
    }
  }
}

function foreseen(key: Key, change: BulkChange, now: Date): BulkItem {
  const effect = effectOn(key, change, now)
  return typeof effect === 'string'
    ? { id: key.id, outcome: effect, why: null, key }
    : { id: key.id, outcome: 'refused', why: keyProblem(effect), key }
}

function notFound(id: string): BulkItem {
  return { id, outcome: 'not_found', why: null, key: null }
}

function countsOf(items: readonly BulkItem[]) {
  const count = (outcome: BulkItem['outcome']) => items.filter((item) => item.outcome === outcome).length
  return { changed: count('changed'), unchanged: count('unchanged'), refused: count('refused') }
}
