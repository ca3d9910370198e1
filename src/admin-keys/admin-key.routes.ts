import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { pageOf } from '../http/cursor.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import { Cursor, idOf, Limit, pageWire, plainText, strictObject, toMoment } from '../http/wire.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { DEFAULT_OVERLAP_SECONDS } from '../secrets/secret.ts'
import { OverlapSeconds } from '../secrets/secret.wire.ts'
import { findAdminKey, listAdminKeys, lockAdminKey } from './admin-key.store.ts'
import type { AdminKey } from './admin-key.ts'
import {
  AdminKeyWire,
  IssuedAdminKeyWire,
  NewAdminKeyWire,
  toAdminKeyWire,
  toIssuedAdminKeyWire,
} from './admin-key.wire.ts'
import { createAdminKey } from './create-admin-key.ts'
import { revokeAdminKey } from './revoke-admin-key.ts'
import { finishAdminKeyRotation, rotateAdminKey, undoAdminKeyRotation } from './rotate-admin-key.ts'

const tag = 'Admin keys'
const params = strictObject({ id: idOf('adm') })
const write = { method: 'POST', permission: 'admin_keys:write', tag } as const

export function adminKeyRoutes(app: FastifyInstance, pipeline: Pipeline, brand: string | null): void {
  const create = {
    ...write,
    id: 'createAdminKey',
    isDangerous: true,
    url: '/v1/admin-keys',
    summary: 'Create an admin key that can do no more than yours, and lives no longer',
    body: NewAdminKeyWire,
    status: 201,
    answer: IssuedAdminKeyWire,
    problems: ['exceeds_authority', 'expiry_in_past'],
    idempotent: true,
  } as const
  changes(app, pipeline, create, async ({ db, caller, body }) => {
    const chosen = toMoment(body.expires_at)
    const expiresAt = chosen === undefined ? caller.latestExpiry : chosen
    const asked = {
      name: body.name,
      permissions: body.permissions,
      ownerId: body.owner_id ?? null,
      environments: body.environments ?? null,
      hidesMetadata: body.hides_metadata ?? false,
      expiresAt,
    }
    const made = await createAdminKey(db, caller, brand, asked)
    if (!made.ok) return made
    return await answerWith(db, made.value.id, (key) =>
      toIssuedAdminKeyWire(key, made.value.secret, caller.now),
    )
  })

  const list = {
    id: 'listAdminKeys',
    method: 'GET',
    url: '/v1/admin-keys',
    permission: 'admin_keys:read',
    tag,
    summary: 'List admin keys, newest first',
    query: strictObject({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
    status: 200,
    answer: pageWire(AdminKeyWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, ({ db, caller, query }) =>
    pageOf(
      query,
      (page) => listAdminKeys(db, page),
      (key) => toAdminKeyWire(key, caller.now),
    ),
  )

  const get = {
    id: 'getAdminKey',
    method: 'GET',
    url: '/v1/admin-keys/:id',
    permission: 'admin_keys:read',
    tag,
    summary: 'One admin key',
    params,
    status: 200,
    answer: AdminKeyWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, async ({ db, caller, params: { id } }) => {
    const key = await findAdminKey(db, id)
    return key === undefined ? no(NOT_FOUND) : yes(toAdminKeyWire(key, caller.now))
  })

  const rotate = {
    ...write,
    id: 'rotateAdminKey',
    isDangerous: true,
    url: '/v1/admin-keys/:id/rotate',
    summary: 'Give an admin key a second secret; the old one retires when the overlap ends',
    params,
    body: strictObject({ overlap_seconds: Type.Optional(OverlapSeconds) }),
    status: 200,
    answer: IssuedAdminKeyWire,
    problems: ['not_found', 'exceeds_authority', 'key_revoked', 'key_expired', 'rotation_running'],
    idempotent: true,
  } as const
  changes(app, pipeline, rotate, async ({ db, caller, params: { id }, body }) => {
    const made = await rotateAdminKey(db, caller, brand, id, body.overlap_seconds ?? DEFAULT_OVERLAP_SECONDS)
    if (!made.ok) return made
    return await answerWith(db, id, (key) => toIssuedAdminKeyWire(key, made.value.secret, caller.now))
  })

  const finish = {
    ...write,
    id: 'finishAdminKeyRotation',
    isDangerous: true,
    url: '/v1/admin-keys/:id/rotation/finish',
    summary: 'End the overlap now: only the new secret works',
    params,
    status: 200,
    answer: AdminKeyWire,
    problems: ['not_found', 'exceeds_authority', 'key_revoked', 'no_rotation'],
  } as const
  changes(app, pipeline, finish, async ({ db, caller, params: { id } }) => {
    const done = await finishAdminKeyRotation(db, caller, id)
    return done.ok ? await answerWith(db, id, (key) => toAdminKeyWire(key, caller.now)) : done
  })

  const undo = {
    ...finish,
    id: 'undoAdminKeyRotation',
    url: '/v1/admin-keys/:id/rotation/undo',
    summary: 'Take the new secret back while nobody has used it',
    problems: [...finish.problems, 'rotation_in_use'],
  } as const
  changes(app, pipeline, undo, async ({ db, caller, params: { id } }) => {
    const done = await undoAdminKeyRotation(db, caller, id)
    return done.ok ? await answerWith(db, id, (key) => toAdminKeyWire(key, caller.now)) : done
  })

  const revoke = {
    ...write,
    id: 'revokeAdminKey',
    permission: 'admin_keys:revoke',
    isDangerous: true,
    url: '/v1/admin-keys/:id/revoke',
    summary: 'End an admin key for good',
    params,
    body: strictObject({ reason: plainText(500, 'For the audit log') }),
    status: 200,
    answer: AdminKeyWire,
    problems: ['not_found', 'last_full_admin_key'],
  } as const
  changes(app, pipeline, revoke, async ({ db, caller, params: { id }, body }) => {
    const done = await revokeAdminKey(db, caller, id, body.reason)
    return done.ok ? await answerWith(db, id, (key) => toAdminKeyWire(key, caller.now)) : done
  })
}

async function answerWith<T>(db: Tx, id: string, toWire: (key: AdminKey) => T): Promise<Result<T, Problem>> {
  const key = await lockAdminKey(db, id)
  return key === undefined ? no(NOT_FOUND) : yes(toWire(key))
}
