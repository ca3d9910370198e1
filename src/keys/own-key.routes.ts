import { hashCredential, type QuotaCount, type Secret } from '@doorward/sdk/kernel'
import type { FastifyInstance } from 'fastify'
import { FixedWindowLimiter } from '../base/fixed-window-limiter.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import type { Problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { isCurrentSelfIssued, secretIdByHash } from '../secrets/secret.store.ts'
import type { KeySettings } from './create-key.ts'
import { answerKey } from './key.routes.ts'
import {
  OwnKeyWire,
  RotatedOwnKeyWire,
  RotateOwnKeyWire,
  toOwnKeyWire,
  toRotatedOwnKeyWire,
} from './own-key.wire.ts'
import { finishOwnRotation, rotateOwnKey, tooManyRequests, undoOwnRotation } from './rotate-own-key.ts'

export interface OwnKeyParts {
  readonly settings: KeySettings
  readonly quotasOf: (db: Db, keyId: string, now: Date) => Promise<readonly QuotaCount[]>
}

/** Requests of one key in a minute, to each server. */
const LIMIT = { most: 30, windowMs: 60_000 }

const tag = 'The calling key'

/** Operations of a key on itself, with its own secret as the credential. */
export function ownKeyRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  { settings, quotasOf }: OwnKeyParts,
): void {
  const limiter = new FixedWindowLimiter(pipeline.clock, LIMIT)
  const whyNotNow = ({ actor }: Caller): Problem | null => {
    const seconds = limiter.count(actor.id)
    return seconds === null ? null : tooManyRequests('This key asks too often.', seconds * 1000)
  }
  const own = async (db: Db, caller: Caller, presented: Secret) => {
    const presentedId = await secretIdByHash(db, hashCredential(presented.reveal()))
    const quotas = await quotasOf(db, caller.actor.id, caller.now)
    const issued = await isCurrentSelfIssued(db, caller.actor.id)
    return await answerKey(db, caller, caller.actor.id, (key) =>
      toOwnKeyWire(key, { presentedId: presentedId ?? '', isSelfIssued: issued, quotas }, caller.now),
    )
  }

  const get = {
    id: 'getSelf',
    method: 'GET',
    url: '/v1/self',
    permission: 'self:read',
    tag,
    summary:
      'The key that is presented: owner, scopes, environment, expiry, limits and what is spent of its quotas',
    status: 200,
    answer: OwnKeyWire,
    problems: ['too_many_requests'],
  } as const
  reads(app, pipeline, get, async ({ db, caller, presented }) => {
    const tooOften = whyNotNow(caller)
    return tooOften === null ? await own(db, caller, presented) : no(tooOften)
  })

  const rotate = {
    id: 'rotateSelf',
    method: 'POST',
    url: '/v1/self/rotate',
    permission: 'self:rotate',
    tag,
    summary: 'Give the key that is presented a second secret; the old one retires when the overlap ends',
    body: RotateOwnKeyWire,
    status: 200,
    answer: RotatedOwnKeyWire,
    problems: ['rotation_running', 'overlap_too_long', 'too_many_requests'],
    idempotent: true,
  } as const
  changes(app, pipeline, rotate, async ({ db, caller, presented, body }) => {
    const tooOften = whyNotNow(caller)
    if (tooOften !== null) return no(tooOften)
    const made = await rotateOwnKey(db, caller, settings, body.overlap_seconds)
    if (!made.ok) return made
    return mapped(await own(db, caller, presented), (key) => toRotatedOwnKeyWire(made.value.secret, key))
  })

  const finish = {
    id: 'finishSelfRotation',
    method: 'POST',
    url: '/v1/self/rotation/finish',
    permission: 'self:rotate',
    tag,
    summary: 'End the overlap now, with the new secret, once the old one is quiet',
    status: 200,
    answer: OwnKeyWire,
    problems: ['no_rotation', 'retiring_secret', 'old_secret_in_use', 'too_many_requests'],
  } as const
  changes(app, pipeline, finish, async ({ db, caller, presented }) => {
    const tooOften = whyNotNow(caller)
    if (tooOften !== null) return no(tooOften)
    const done = await finishOwnRotation(db, caller, presented)
    return done.ok ? await own(db, caller, presented) : done
  })

  const undo = {
    ...finish,
    id: 'undoSelfRotation',
    url: '/v1/self/rotation/undo',
    summary:
      'Revoke the new secret that the key gave itself, with the old one: unused, and a day after it was given',
    problems: [
      'no_rotation',
      'rotation_in_use',
      'undo_not_allowed',
      'rotation_required',
      'too_many_requests',
    ],
  } as const
  changes(app, pipeline, undo, async ({ db, caller, presented }) => {
    const tooOften = whyNotNow(caller)
    if (tooOften !== null) return no(tooOften)
    const done = await undoOwnRotation(db, caller, settings, presented)
    return done.ok ? await own(db, caller, presented) : done
  })
}

function mapped<T, U>(result: Result<T, Problem>, map: (value: T) => U): Result<U, Problem> {
  return result.ok ? yes(map(result.value)) : result
}
