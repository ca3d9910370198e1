import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Tx } from '../db/schema.ts'
import { plainText, strictObject } from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { changes, type Pipeline } from '../management/pipeline.ts'
import { RotationChangeWire } from '../secrets/secret.wire.ts'
import { changeKey, disableKey, enableKey, revokeKey } from './change-key.ts'
import type { KeySettings } from './create-key.ts'
import { answerKey, keyParams } from './key.routes.ts'
import {
  fromKeyChangeWire,
  fromLifetimeWire,
  IssuedKeyWire,
  KeyChangeWire,
  KeyWire,
  RotateKeyWire,
  toIssuedKeyWire,
  toKeyWire,
} from './key.wire.ts'
import { changeKeyRotation, finishKeyRotation, rotateKey, undoKeyRotation } from './rotate-key.ts'

const write = {
  method: 'POST',
  permission: 'keys:write',
  withinEnvironments: true,
  tag: 'Keys',
  params: keyParams,
  status: 200,
  answer: KeyWire,
} as const

/** Routes over the life of a key: change, disable, enable, revoke, rotate. */
export function keyLifeRoutes(app: FastifyInstance, pipeline: Pipeline, settings: KeySettings): void {
  const change = {
    ...write,
    id: 'changeKey',
    method: 'PATCH',
    url: '/v1/keys/:id',
    summary: 'Change name, scopes, allow-list, metadata, limits or expiry',
    body: KeyChangeWire,
    problems: [
      'not_found',
      'key_revoked',
      'key_expired',
      'unknown_scope',
      'deprecated_scope',
      'expiry_in_past',
      'lifetime_too_long',
      'never_expires_not_allowed',
      'scope_not_allowed',
      'ip_allowlist_required',
      'invalid_ip_range',
      'metadata_too_large',
    ],
  } as const
  changes(app, pipeline, change, async ({ db, caller, params: { id }, body }) => {
    const done = await changeKey(db, caller, settings.policy, id, fromKeyChangeWire(body))
    return done.ok ? await answerKey(db, caller, id, (key) => toKeyWire(key, caller.now)) : done
  })

  const simple = [
    {
      id: 'disableKey',
      verb: 'disable',
      summary: 'Disable a key until it is enabled again',
      act: disableKey,
      permission: 'keys:revoke',
    },
    {
      id: 'enableKey',
      verb: 'enable',
      summary: 'Enable a disabled key',
      act: (db: Tx, caller: Caller, id: string) => enableKey(db, caller, settings.policy, id),
      permission: 'keys:revoke',
      isDangerous: true,
      problems: ['rotation_required', 'ip_allowlist_required'],
    },
    {
      id: 'finishKeyRotation',
      verb: 'rotation/finish',
      summary: 'End the overlap now: only the new secret works',
      act: finishKeyRotation,
      problems: ['no_rotation'],
    },
    {
      id: 'undoKeyRotation',
      verb: 'rotation/undo',
      summary: 'Revoke the new secret while it is unused; the old one works as before',
      act: (db: Tx, caller: Caller, id: string) => undoKeyRotation(db, caller, settings, id),
      problems: ['no_rotation', 'rotation_in_use', 'rotation_required'],
    },
  ] as const
  for (const { id: operationId, verb, summary, act, ...more } of simple) {
    const problems = ['not_found', 'key_revoked', ...('problems' in more ? more.problems : [])] as const
    const operation = {
      ...write,
      ...('permission' in more ? { permission: more.permission } : {}),
      ...('isDangerous' in more ? { isDangerous: more.isDangerous } : {}),
      ...{ id: operationId, url: `/v1/keys/:id/${verb}` as const, summary, problems },
    } as const
    changes(app, pipeline, operation, async ({ db, caller, params: { id } }) => {
      const done = await act(db, caller, id)
      return done.ok ? await answerKey(db, caller, id, (key) => toKeyWire(key, caller.now)) : done
    })
  }

  const changeRotation = {
    ...write,
    id: 'changeKeyRotation',
    method: 'PATCH',
    url: '/v1/keys/:id/rotation',
    summary: 'Move the end of the overlap, or let the rotation finish when its old secret is silent',
    body: RotationChangeWire,
    problems: ['not_found', 'key_revoked', 'no_rotation', 'overlap_too_long'],
  } as const
  changes(app, pipeline, changeRotation, async ({ db, caller, params: { id }, body }) => {
    const { overlap_seconds: overlapSeconds, finish_when_silent_seconds: finishWhenSilentSeconds } = body
    const done = await changeKeyRotation(db, caller, settings, id, {
      overlapSeconds,
      finishWhenSilentSeconds,
    })
    return done.ok ? await answerKey(db, caller, id, (key) => toKeyWire(key, caller.now)) : done
  })

  const revoke = {
    ...write,
    id: 'revokeKey',
    permission: 'keys:revoke',
    url: '/v1/keys/:id/revoke',
    summary: 'Revoke a key for good, with all its secrets',
    body: strictObject({ reason: Type.Optional(plainText(500, 'For the audit log')) }),
    problems: ['not_found'],
  } as const
  changes(app, pipeline, revoke, async ({ db, caller, params: { id }, body }) => {
    const done = await revokeKey(db, caller, id, body.reason ?? 'no reason given')
    return done.ok ? await answerKey(db, caller, id, (key) => toKeyWire(key, caller.now)) : done
  })

  const rotate = {
    ...write,
    id: 'rotateKey',
    url: '/v1/keys/:id/rotate',
    summary: 'Give a key a second secret; the old one retires when the overlap ends',
    body: RotateKeyWire,
    answer: IssuedKeyWire,
    problems: [
      'not_found',
      'key_revoked',
      'key_expired',
      'key_disabled',
      'owner_suspended',
      'rotation_running',
      'expiry_in_past',
      'lifetime_too_long',
      'never_expires_not_allowed',
      'overlap_too_long',
    ],
    idempotent: true,
  } as const
  changes(app, pipeline, rotate, async ({ db, caller, params: { id }, body }) => {
    const { overlap_seconds: overlapSeconds } = body
    const made = await rotateKey(db, caller, settings, id, { overlapSeconds, ...fromLifetimeWire(body) })
    if (!made.ok) return made
    return await answerKey(db, caller, id, (key) => toIssuedKeyWire(key, made.value.secret, caller.now))
  })
}
