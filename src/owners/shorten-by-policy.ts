import { systemOrigin } from '../audit/audit-event.ts'
import { inAnnouncements, record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import { environmentsToWalk, lockToWalk, saveShortening } from './policy.store.ts'
import { holdHolders, nextHolders } from './secret-lives.store.ts'
import { shortenLives } from './shorten-lives.ts'

/** Keys and clients of one transaction. Their changes wait for it, and so does the audit log. */
const AT_ONCE = 500

/**
 * Shortens existing secrets after an environment's longest lifetime was set, step by step: each step is a transaction
 * that also stores how far it came, so a server that is killed loses nothing, and of several servers one walks.
 */
export async function shortenByPolicy(db: Db, now: Date): Promise<void> {
  for (const environment of await environmentsToWalk(db, 'shortening'))
    while (await db.transaction().execute((tx) => shortenNext(tx, environment, now)));
}

/** @returns false once nothing is left to this server */
async function shortenNext(tx: Tx, environment: string, now: Date): Promise<boolean> {
  const walk = (await lockToWalk(tx, environment, 'shortening'))?.shortening ?? null
  if (walk === null) return false
  const ids = await nextHolders(tx, environment, walk.after, AT_ONCE)
  await holdHolders(tx, ids)
  const { maxLifetimeSeconds, notBefore } = walk
  const { secretIds, shortened, ended } = await shortenLives(tx, {
    of: { ids },
    maxLifetimeSeconds,
    notBefore,
    now,
  })
  await saveShortening(tx, environment, {
    ...walk,
    after: ids.at(-1) ?? walk.after,
    shortened: walk.shortened + shortened,
    ended: walk.ended + ended,
    finishedAt: ids.length < AT_ONCE ? now : null,
  })
  if (secretIds.length > 0)
    await record(tx, systemOrigin(now), {
      action: 'policy.applied',
      target: { id: environment, ownerId: null },
      detail: { environment, secrets_shortened: shortened, secrets_ended: ended },
      altersVerdictsOf: inAnnouncements(secretIds),
    })
  return ids.length === AT_ONCE
}
