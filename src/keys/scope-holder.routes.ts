import type { FastifyInstance } from 'fastify'
import { no, yes } from '../base/result.ts'
import { clientsWithScope } from '../clients/scope-client.store.ts'
import type { Db } from '../db/schema.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { strictObject } from '../http/wire.ts'
import type { Reach } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { allScopes } from '../scopes/scope.store.ts'
import { ScopeName } from '../scopes/scope.wire.ts'
import { type Key, lastUse } from './key.ts'
import { countKeys, type KeyCount, sumOf } from './key-counts.store.ts'
import { LIVE_STATES } from './key-filter.ts'
import { listKeys } from './key-list.store.ts'
import { toCountWire } from './key-list.wire.ts'
import { ScopeHoldersWire, toHoldingClientWire, toHoldingKeyWire } from './scope-holder.wire.ts'

/** Keys that are named. */
const NAMED = 100

/** Keys and clients that a deprecation or a removal of a scope would reach. */
export function scopeHolderRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    id: 'listScopeHolders',
    method: 'GET',
    url: '/v1/scopes/:name/holders',
    permission: 'keys:read',
    tag: 'Scopes',
    withinEnvironments: true,
    summary: 'Keys and clients that have a scope: whom its deprecation reaches',
    params: strictObject({ name: ScopeName }),
    status: 200,
    answer: ScopeHoldersWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, params: { name } }) => {
    const catalogue = await allScopes(db)
    if (!catalogue.some((scope) => scope.name === name)) return no(NOT_FOUND)
    const keys = await keysWithScope(db, caller.reach, name, caller.now)
    const clients = caller.permissions.has('clients:read')
      ? await clientsWithScope(db, caller.reach, name)
      : null
    return yes({
      name,
      keys: toCountWire(keys.live),
      clients: clients === null ? null : toCountWire(clients),
      implied_by: catalogue.filter(({ implies }) => implies.includes(name)).map((scope) => scope.name),
      data: [...keys.lastUsed.map(toHoldingKeyWire), ...(clients?.newest ?? []).map(toHoldingClientWire)],
    })
  })
}

/** Keys that hold a scope and are neither revoked nor expired: how many, and those that were used last. */
async function keysWithScope(
  db: Db,
  reach: Reach,
  scope: string,
  now: Date,
): Promise<{ live: KeyCount; lastUsed: readonly Key[] }> {
  const counts = await countKeys(db, reach, { scope }, now)
  const filter = { scope, states: LIVE_STATES }
  const page = await listKeys(db, reach, filter, { after: null, limit: NAMED, now, sort: 'last_used' })
  if (typeof counts === 'string' || typeof page === 'string')
    throw new Error('only a search can be too broad')
  // The list has them by the day.
  const usedMs = (key: Key) => lastUse(key)?.lastUsedAt?.getTime() ?? 0
  return {
    live: sumOf(LIVE_STATES.map((state) => counts[state])),
    lastUsed: page.keys.toSorted((a, b) => usedMs(b) - usedMs(a)),
  }
}
