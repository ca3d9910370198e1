import { hashCredential } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import { idOf, strictObject } from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { holderOf } from '../secrets/secret.store.ts'
import { createKey, type KeySettings } from './create-key.ts'
import { findKey } from './key.store.ts'
import type { Key } from './key.ts'
import { fromNewKeyWire, IssuedKeyWire, KeyWire, NewKeyWire, toIssuedKeyWire, toKeyWire } from './key.wire.ts'

const tag = 'Keys'
export const keyParams = strictObject({ id: idOf('key') })

/** Routes that create and read keys. Lists are in `key-list.routes.ts`, their further life in `key-life.routes.ts`. */
export function keyRoutes(app: FastifyInstance, pipeline: Pipeline, settings: KeySettings): void {
  const create = {
    id: 'createKey',
    method: 'POST',
    url: '/v1/keys',
    permission: 'keys:write',
    withinEnvironments: true,
    tag,
    summary: 'Create a key; its secret is shown only in this answer',
    body: NewKeyWire,
    status: 201,
    answer: IssuedKeyWire,
    problems: [
      'owner_not_covered',
      'unknown_environment',
      'unknown_scope',
      'deprecated_scope',
      'expiry_in_past',
      'lifetime_too_long',
      'never_expires_not_allowed',
      'scope_not_allowed',
      'ip_allowlist_required',
      'invalid_ip_range',
      'metadata_too_large',
      'owner_suspended',
      'too_many_keys',
    ],
    idempotent: true,
  } as const
  changes(app, pipeline, create, async ({ db, caller, body }) => {
    const made = await createKey(db, caller, settings, fromNewKeyWire(body))
    if (!made.ok) return made
    return await answerKey(db, caller, made.value.id, (key) =>
      toIssuedKeyWire(key, made.value.secret, caller.now),
    )
  })

  const get = {
    id: 'getKey',
    hasEntityTag: true,
    method: 'GET',
    url: '/v1/keys/:id',
    permission: 'keys:read',
    withinEnvironments: true,
    tag,
    summary: 'One key, with the hints and the last use of its secrets',
    params: keyParams,
    status: 200,
    answer: KeyWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, async ({ db, caller, params: { id } }) =>
    answerKey(db, caller, id, (key) => toKeyWire(key, caller.now)),
  )

  const lookup = {
    id: 'lookUpKey',
    method: 'POST',
    url: '/v1/keys/lookup',
    permission: 'keys:read',
    withinEnvironments: true,
    tag,
    summary: 'Find the key of a secret, such as one that leaked',
    body: strictObject({ secret: Type.String({ maxLength: 200 }) }),
    status: 200,
    answer: KeyWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, lookup, async ({ db, caller, body }) => {
    const id = await holderOf(db, hashCredential(body.secret.trim()))
    return await answerKey(db, caller, id ?? '', (key) => toKeyWire(key, caller.now))
  })
}

/** The key as the caller may see it, read again after whatever was done to it. */
export async function answerKey<T>(
  db: Db,
  caller: Caller,
  id: string,
  toWire: (key: Key) => T,
): Promise<Result<T, Problem>> {
  const key = await findKey(db, caller.reach, id)
  return key === undefined ? no(NOT_FOUND) : yes(toWire(key))
}
