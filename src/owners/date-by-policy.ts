import { systemOrigin } from '../audit/audit-event.ts'
import { inAnnouncements, record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import { dateKeys, nextKeys } from './key-dates.store.ts'
import { environmentsToWalk, lockToWalk, saveDating } from './policy.store.ts'
import { holdHolders } from './secret-lives.store.ts'

/** Keys of one transaction. Their changes wait for it, and so does the audit log. */
const AT_ONCE = 500

/**
 * Gives existing keys the dates at which rules disable them, after such a rule was changed: step by step, as
 * `shortenByPolicy` does.
 */
export async function dateByPolicy(db: Db, now: Date): Promise<void> {
  for (const environment of await environmentsToWalk(db, 'dating'))
    while (await db.transaction().execute((tx) => dateNext(tx, environment, now)));
}

/** @returns false once nothing is left to this server */
async function dateNext(tx: Tx, environment: string, now: Date): Promise<boolean> {
  const policy = await lockToWalk(tx, environment, 'dating')
  if (policy === undefined || policy.dating === null) return false
  const { dating, rules, disabling } = policy
  const ids = await nextKeys(tx, environment, dating.after, AT_ONCE)
  await holdHolders(tx, ids)
  const { keys, secretIds } = await dateKeys(tx, { of: { ids }, ...rules, ...disabling, now })
  await saveDating(tx, environment, {
    ...dating,
    after: ids.at(-1) ?? dating.after,
    keys: dating.keys + keys,
    finishedAt: ids.length < AT_ONCE ? now : null,
  })
  if (keys > 0)
    await record(tx, systemOrigin(now), {
      action: 'policy.applied',
      target: { id: environment, ownerId: null },
      detail: { environment, keys_dated: keys },
      altersVerdictsOf: inAnnouncements(secretIds),
    })
  return ids.length === AT_ONCE
}
