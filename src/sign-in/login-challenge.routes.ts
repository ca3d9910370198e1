import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { FixedWindowLimiter } from '../base/fixed-window-limiter.ts'
import { type Result, yes } from '../base/result.ts'
import type { Problem } from '../http/problem.ts'
import { strictObject } from '../http/wire.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { answer, readChallenge } from './answer-challenge.ts'
import {
  AcceptWire,
  fromAcceptWire,
  LoginChallengeWire,
  RedirectWire,
  RejectWire,
  toChallengeWire,
} from './login-challenge.wire.ts'

const common = {
  permission: 'login_challenges:write',
  tag: 'Login challenges',
  params: strictObject({ challenge: Type.String({ maxLength: 100 }) }),
  status: 200,
  problems: ['not_found', 'login_challenge_expired', 'login_challenge_answered'],
} as const

/**
 * Rejected sign-ins that are audit events in a minute on this server. A stranger can cause any number of them, and nobody
 * can empty the audit log (AUD-12): the rest are counted with the refused attempts.
 */
const AUDITED_REJECTIONS = { most: 20, windowMs: 60_000 }

/** Routes for the backend of the external login. @param urlOf our URL of a path */
export function loginChallengeRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  urlOf: (path: string) => string,
): void {
  const rejections = new FixedWindowLimiter(pipeline.clock, AUDITED_REJECTIONS)
  const get = {
    ...common,
    id: 'getLoginChallenge',
    method: 'GET',
    url: '/v1/login-challenges/:challenge',
    summary: 'Read a login challenge: which app asks for a sign-in',
    answer: LoginChallengeWire,
  } as const
  reads(app, pipeline, get, async ({ db, caller, params }) => {
    const found = await readChallenge(db, params.challenge, caller.now)
    return found.ok ? yes(toChallengeWire(found.value)) : found
  })

  const accept = {
    ...common,
    id: 'acceptLoginChallenge',
    method: 'POST',
    url: '/v1/login-challenges/:challenge/accept',
    summary: 'Accept a login challenge: name the user and the owners that the user may act for',
    body: AcceptWire,
    answer: RedirectWire,
    problems: [...common.problems, 'sign_in_too_old', 'user_disabled'],
    idempotent: true,
  } as const
  changes(app, pipeline, accept, async ({ db, caller, params, body }) =>
    redirect(await answer(db, caller, params.challenge, { person: fromAcceptWire(body) })),
  )

  const reject = {
    ...common,
    id: 'rejectLoginChallenge',
    method: 'POST',
    url: '/v1/login-challenges/:challenge/reject',
    summary: 'Reject a login challenge',
    body: RejectWire,
    answer: RedirectWire,
    idempotent: true,
  } as const
  changes(app, pipeline, reject, async ({ db, caller, params, body }) => {
    const isAudited = rejections.count('all') === null
    const done = await answer(db, caller, params.challenge, { rejectedReason: body.reason, isAudited })
    if (done.ok && !isAudited)
      await pipeline.refusedAttempts.record(
        { ...caller, actor: { kind: 'anonymous', id: null } },
        { code: 'sign_in_refused', method: reject.method, route: reject.url, targetId: null, ownerId: null },
      )
    return redirect(done)
  })

  function redirect(done: Result<string, Problem>): Result<unknown, Problem> {
    return done.ok ? yes({ redirect_to: urlOf(`/sign-in/return?login_verifier=${done.value}`) }) : done
  }
}
