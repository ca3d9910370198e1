import type { FastifyInstance } from 'fastify'
import { addSeconds } from '../base/clock.ts'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { idOf, OwnerId, strictObject } from '../http/wire.ts'
import { findKey } from '../keys/key.store.ts'
import { countKeys, sumOf } from '../keys/key-counts.store.ts'
import { LIVE_STATES } from '../keys/key-filter.ts'
import { listKeys } from '../keys/key-list.store.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { findOwner } from '../owners/owner.store.ts'
import { callsOfKeys } from './calls-of-keys.store.ts'
import { outcomesOfKey, outcomesOfOwner, scopesOfKey } from './impact.store.ts'
import { KeyImpactWire, OwnerImpactWire, toKeyImpactWire, toOwnerImpactWire } from './impact.wire.ts'
import { addressesOfKey } from './last-address.store.ts'

const DAY_SECONDS = 24 * 3600
const BUSIEST = 10
const read = { method: 'GET', status: 200, problems: ['not_found'] } as const

/** Impact of disabling or revoking a key, or of suspending an owner: the use in the last day, which will stop. */
export function impactRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const ofKey = {
    ...read,
    id: 'getKeyImpact',
    url: '/v1/keys/:id/impact',
    permission: 'keys:read',
    withinEnvironments: true,
    tag: 'Keys',
    summary: 'What stops when a key is stopped: its calls in the last day, their scopes and addresses',
    params: strictObject({ id: idOf('key') }),
    answer: KeyImpactWire,
  } as const
  reads(app, pipeline, ofKey, async ({ db, caller: { reach, now }, params: { id } }) => {
    const key = await findKey(db, reach, id)
    if (key === undefined) return no(NOT_FOUND)
    const since = addSeconds(now, -DAY_SECONDS)
    const [outcomes, scopes] = [await outcomesOfKey(db, id, since), await scopesOfKey(db, id, since)]
    return yes(toKeyImpactWire(key, since, outcomes, scopes, await addressesOfKey(db, id)))
  })

  const ofOwner = {
    ...read,
    id: 'getOwnerImpact',
    url: '/v1/owners/:id/impact',
    permission: 'owners:read',
    tag: 'Owners',
    summary: 'What stops when an owner is suspended: the calls of its keys in the last day',
    params: strictObject({ id: OwnerId }),
    answer: OwnerImpactWire,
  } as const
  reads(app, pipeline, ofOwner, async ({ db, caller: { reach, now }, params: { id } }) => {
    if ((await findOwner(db, reach, id)) === undefined) return no(NOT_FOUND)
    const since = addSeconds(now, -DAY_SECONDS)
    const request = { after: null, limit: BUSIEST, now, sort: 'last_used' } as const
    const page = await listKeys(db, reach, { ownerId: id, states: LIVE_STATES }, request)
    const counts = await countKeys(db, reach, { ownerId: id }, now)
    if (typeof page === 'string' || typeof counts === 'string')
      throw new Error('a list of one owner without a search was refused')
    const live = sumOf(LIVE_STATES.map((state) => counts[state]))
    const calls = await callsOfKeys(
      db,
      page.keys.map((key) => key.id),
      since,
    )
    return yes(toOwnerImpactWire(since, await outcomesOfOwner(db, id, since), live, page.keys, calls))
  })
}
