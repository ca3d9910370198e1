import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../../base/result.ts'
import type { PageRequest } from '../../db/keyset.ts'
import { pageBy } from '../../http/cursor.ts'
import { NOT_FOUND } from '../../http/problem.ts'
import { Cursor, Limit, OwnerId, pageWire, strictObject } from '../../http/wire.ts'
import { covers } from '../../management/caller.ts'
import { changes, type Pipeline, reads } from '../../management/pipeline.ts'
import { blockClient, unblockClient } from './block-client.ts'
import { findBlocked, listBlocked } from './blocked-client.store.ts'
import { BlockClientWire, BlockedClientWire, toBlockedClientWire } from './blocked-client.wire.ts'

const one = {
  permission: 'grants:write',
  tag: 'Grants',
  url: '/v1/owners/:id/blocked-clients/:client_id',
  params: strictObject({ id: OwnerId, client_id: Type.String({ pattern: '^[\\x21-\\x7e]{1,400}$' }) }),
  problems: ['not_found'],
} as const

/** Clients that are blocked for an owner, by the API provider or by the owner's admin. */
export function blockedClientRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    id: 'listBlockedClients',
    method: 'GET',
    url: '/v1/owners/:id/blocked-clients',
    permission: 'grants:read',
    tag: one.tag,
    summary: 'List the apps that are blocked for an owner, newest first',
    params: strictObject({ id: OwnerId }),
    query: strictObject({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
    status: 200,
    answer: pageWire(BlockedClientWire),
    problems: ['not_found', 'invalid_cursor'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, params: { id }, query }) => {
    if (!covers(caller.reach, id)) return no(NOT_FOUND)
    const find = (page: PageRequest) => listBlocked(db, id, page)
    return await pageBy(query, find, toBlockedClientWire, ({ blockedAt, clientId }) => ({
      at: blockedAt,
      id: clientId,
    }))
  })

  const block = {
    ...one,
    id: 'blockClient',
    method: 'PUT',
    summary: 'Block an app for an owner. Revokes its grants there at once; users cannot allow it again',
    body: BlockClientWire,
    status: 200,
    answer: BlockedClientWire,
  } as const
  changes(app, pipeline, block, async ({ db, caller, params: { id, client_id }, body }) => {
    const place = { ownerId: id, clientId: client_id }
    const done = await blockClient(db, caller, place, body.reason ?? 'no reason given')
    if (!done.ok) return done
    const blocked = await findBlocked(db, place)
    return blocked === undefined ? no(NOT_FOUND) : yes(toBlockedClientWire(blocked))
  })

  const unblock = {
    ...one,
    id: 'unblockClient',
    isDangerous: true,
    method: 'DELETE',
    summary: 'Let users allow a blocked app again. Revoked grants stay revoked',
    problems: ['not_found', 'exceeds_authority'],
    status: 204,
    answer: Type.Null(),
  } as const
  changes(app, pipeline, unblock, ({ db, caller, params: { id, client_id } }) =>
    unblockClient(db, caller, { ownerId: id, clientId: client_id }),
  )
}
