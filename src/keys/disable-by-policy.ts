import { systemOrigin } from '../audit/audit-event.ts'
import { addSeconds } from '../base/clock.ts'
import { inAnnouncements, recordForAll } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type DisablingRule, NOTICE_SECONDS } from '../owners/disabling.ts'
import type { UnusedBy } from '../owners/disabling-effect.store.ts'
import { secretIdsOf } from '../owners/key-dates.store.ts'
import { ownersWithOwnUnused, ownUnusedDays } from '../owners/owner.store.ts'
import { findPolicies, sharePolicies } from '../owners/policy.store.ts'
import { noticesOfEnds } from '../secrets/noticed.ts'
import { lockSecretsOf } from '../secrets/secret.store.ts'
import {
  disableKeys,
  keysDueBy,
  keysUnusedSince,
  keysUsedSinceDated,
  setUnusedDate,
} from './disable-by-policy.store.ts'
import { findKeys, lockKeys } from './key.store.ts'
import { type Key, lastUse } from './key.ts'

/** Keys of one transaction. Their changes wait for it, and so does the audit log. */
const AT_ONCE = 200
const DAY_SECONDS = 86_400

/**
 * Uses are reported in batches, which a server takes for a day: so long after the date of an unused key, a use before it
 * may still become known.
 */
const LATEST_REPORT_SECONDS = DAY_SECONDS

/**
 * Disables the keys whose date has come. Verification has refused those that were not rotated, or have no allow-list,
 * since that very moment; this makes it a state that people see.
 */
export async function disableByPolicy(db: Db, now: Date): Promise<void> {
  for (const rule of ['rotate_every_days', 'ip_allowlist_required'] as const)
    await inBatches(
      () => keysDueBy(db, rule, now, AT_ONCE),
      (ids) => db.transaction().execute((tx) => disableDue(tx, ids, rule, now)),
    )
  await inBatches(
    () => keysDueBy(db, 'disable_unused_after_days', addSeconds(now, -LATEST_REPORT_SECONDS), AT_ONCE),
    (ids) => db.transaction().execute((tx) => disableUnused(tx, ids, now)),
  )
}

/** Gives keys that have been unused for too long the date at which they are disabled, and takes it from those in use. */
export async function dateUnusedKeys(db: Db, now: Date): Promise<void> {
  await inBatches(
    () => keysUsedSinceDated(db, AT_ONCE),
    (ids) =>
      db.transaction().execute(async (tx) => {
        await lockKeys(tx, 'every_owner', ids)
        await setUnusedDate(tx, ids, null)
      }),
  )
  for (const [environment, { rules }] of await findPolicies(db))
    if (rules.disableUnusedAfterDays !== null)
      await dateUnused(db, { environment }, rules.disableUnusedAfterDays, now)
  for (let owners = await ownersWithOwnUnused(db, '', AT_ONCE); owners.length > 0; ) {
    for (const { id: ownerId, days } of owners) await dateUnused(db, { ownerId }, days, now)
    owners = await ownersWithOwnUnused(db, owners.at(-1)?.id ?? '', AT_ONCE)
  }
}

async function dateUnused(db: Db, of: UnusedBy, days: number, now: Date): Promise<void> {
  const since = addSeconds(now, -days * DAY_SECONDS)
  await inBatches(
    () => keysUnusedSince(db, of, since, now, AT_ONCE),
    (ids) =>
      db.transaction().execute(async (tx) => {
        await lockKeys(tx, 'every_owner', ids)
        await setUnusedDate(tx, ids, addSeconds(now, NOTICE_SECONDS))
      }),
  )
}

/** Acts on some keys after the other, until there are fewer than fit one transaction. Each act must take its keys away. */
async function inBatches(
  find: () => Promise<readonly string[]>,
  act: (ids: readonly string[]) => Promise<unknown>,
): Promise<void> {
  for (let ids = await find(); ids.length > 0; ids = ids.length < AT_ONCE ? [] : await find()) await act(ids)
}

async function disableDue(
  tx: Tx,
  ids: readonly string[],
  rule: 'rotate_every_days' | 'ip_allowlist_required',
  now: Date,
): Promise<void> {
  const keys = await lockKeys(tx, 'every_owner', ids)
  const dateOf = (key: Key) => (rule === 'rotate_every_days' ? key.disableUnrotatedAt : key.disableUnlistedAt)
  await disable(tx, keys, rule, dateOf, now)
}

/** Looks at the uses again, under the lock with which they are stored: a use meanwhile cancels it, and so does the policy. */
async function disableUnused(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  await sharePolicies(tx)
  await lockKeys(tx, 'every_owner', ids)
  await lockSecretsOf(tx, ids)
  const keys = await findKeys(tx, 'every_owner', ids)
  const policies = await findPolicies(tx)
  const own = await ownUnusedDays(
    tx,
    keys.map(({ ownerId }) => ownerId),
  )
  const isStillUnused = (key: Key): boolean => {
    const days = own.get(key.ownerId) ?? policies.get(key.environment)?.rules.disableUnusedAfterDays ?? null
    if (days === null) return false
    return (lastUse(key)?.lastUsedAt ?? key.createdAt) <= addSeconds(now, -days * DAY_SECONDS)
  }
  const unused = keys.filter(isStillUnused)
  const others = keys.filter((key) => !unused.includes(key)).map(({ id }) => id)
  await setUnusedDate(tx, others, null)
  await disable(tx, unused, 'disable_unused_after_days', (key) => key.disableUnusedAt, now)
}

async function disable(
  tx: Tx,
  keys: readonly Key[],
  rule: DisablingRule,
  dateOf: (key: Key) => Date | null,
  now: Date,
): Promise<void> {
  const due = keys.flatMap((key) => {
    const statedAt = dateOf(key)
    const works = key.revokedAt === null && key.disabledAt === null
    return works && statedAt !== null && statedAt <= now ? [{ key, statedAt }] : []
  })
  if (due.length === 0) return
  const ids = due.map(({ key }) => key.id)
  const ended = due.map(({ key, statedAt }) => ({ id: key.id, endedAt: statedAt }))
  const noticed = await noticesOfEnds(tx, ended, CAUSE_OF[rule])
  await disableKeys(tx, ids, rule, now)
  const [first, ...more] = inAnnouncements(await secretIdsOf(tx, ids))
  await recordForAll(tx, systemOrigin(now), {
    action: 'key.disabled',
    events: due.map(({ key, statedAt }) => ({
      target: key,
      detail: { rule, stated_at: statedAt.toISOString(), ...noticed.get(key.id) },
    })),
    altersVerdictsOf: [first ?? { holderId: ids[0] ?? '' }, ...more],
  })
}

/** The cause of the notices before each rule's date. */
const CAUSE_OF = {
  rotate_every_days: 'rotation_due',
  ip_allowlist_required: 'no_allow_list',
  disable_unused_after_days: 'idle',
} as const satisfies Record<DisablingRule, string>
