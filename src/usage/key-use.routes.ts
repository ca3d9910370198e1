import type { FastifyInstance } from 'fastify'
import { addSeconds } from '../base/clock.ts'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND, problem } from '../http/problem.ts'
import { idOf, strictObject } from '../http/wire.ts'
import { findKey } from '../keys/key.store.ts'
import { scopesCountedSince } from '../keys/over-scoped.store.ts'
import { scopePeriod, scopesKnownSince, scopeUses } from '../keys/scope-use.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { reachOf } from '../scopes/reach.ts'
import { allScopes } from '../scopes/scope.store.ts'
import { runningRotation } from '../secrets/secret.ts'
import { exercisedScopesOf } from './exercised-scope.store.ts'
import { impactRoutes } from './impact.routes.ts'
import {
  KeyAddressesWire,
  KeyRotationWire,
  KeyScopeUseWire,
  MINUTES,
  toKeyAddressesWire,
  toKeyRotationWire,
  toKeyScopeUseWire,
} from './key-use.wire.ts'
import { addressesOfKey } from './last-address.store.ts'
import { minutesOfSecrets } from './secret-use.store.ts'
import { startOf } from './usage.ts'

const read = {
  method: 'GET',
  permission: 'keys:read',
  withinEnvironments: true,
  tag: 'Keys',
  params: strictObject({ id: idOf('key') }),
  status: 200,
} as const

/** Operations on the callers of one key: their addresses, the secret of a rotation that they use, the scopes they exercise. */
export function keyUseRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  impactRoutes(app, pipeline)
  const addresses = {
    ...read,
    id: 'getKeyAddresses',
    url: '/v1/keys/:id/addresses',
    summary: 'The last addresses from which the secrets of a key were presented; kept for 90 days',
    answer: KeyAddressesWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, addresses, async ({ db, caller, params: { id } }) => {
    if ((await findKey(db, caller.reach, id)) === undefined) return no(NOT_FOUND)
    return yes(toKeyAddressesWire(await addressesOfKey(db, id)))
  })

  const rotation = {
    ...read,
    id: 'getKeyRotation',
    hasEntityTag: true,
    url: '/v1/keys/:id/rotation',
    summary: 'The running rotation: who uses which of the two secrets, and whether it is safe to finish',
    answer: KeyRotationWire,
    problems: ['not_found', 'no_rotation'],
  } as const
  reads(app, pipeline, rotation, async ({ db, caller: { reach, now }, params: { id } }) => {
    const key = await findKey(db, reach, id)
    if (key === undefined) return no(NOT_FOUND)
    const running = key.revokedAt === null ? runningRotation(key.secrets, now) : null
    if (running === null)
      return no(problem('no_rotation', 'One secret of this key works, or none. Start one with `rotate`.'))
    const since = addSeconds(startOf('minute', now), -(MINUTES - 1) * 60)
    const minutes = await minutesOfSecrets(db, [running.old.id, running.next.id], since)
    return yes(toKeyRotationWire(id, running, minutes, { since, now }))
  })

  const scopeUse = {
    ...read,
    id: 'getKeyScopeUse',
    url: '/v1/keys/:id/scope-use',
    summary: 'Which scopes of a key were exercised in the last 90 days',
    answer: KeyScopeUseWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, scopeUse, async ({ db, caller: { reach, now }, params: { id } }) => {
    const key = await findKey(db, reach, id)
    if (key === undefined) return no(NOT_FOUND)
    const catalogue = reachOf(await allScopes(db))
    const lastDayOf = await exercisedScopesOf(db, id)
    const knownSince = scopesKnownSince(key, await scopesCountedSince(db))
    const period = scopePeriod(now)
    const brings = (scope: string) => catalogue.get(scope)?.brings ?? []
    const uses = scopeUses({ granted: key.scopes, brings, lastDayOf, period, knownSince })
    return yes(toKeyScopeUseWire(uses, period.since, knownSince))
  })
}
