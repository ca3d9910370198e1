import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { hashToken } from '../../base/one-time-token.ts'
import { no, type Result, yes } from '../../base/result.ts'
import type { Db } from '../../db/schema.ts'
import { type Problem, problem } from '../../http/problem.ts'
import { strictObject } from '../../http/wire.ts'
import { changes, changesPrepared, type Pipeline, reads } from '../../management/pipeline.ts'
import { StaffId } from '../staff.wire.ts'
import {
  removeSingleSignOn,
  requireSingleSignOn,
  setSingleSignOn,
  stopRequiringSingleSignOn,
  unlinkIdentity,
} from './change-single-sign-on.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { findSingleSignOn } from './single-sign-on.store.ts'
import { NewSingleSignOnWire, SingleSignOnWire, toSingleSignOnWire } from './single-sign-on.wire.ts'

const tag = 'Single sign-on'
const url = '/v1/single-sign-on'
const read = { permission: 'staff:read', tag, status: 200, answer: SingleSignOnWire } as const
const write = { ...read, permission: 'staff:write', isDangerous: true } as const

export interface SingleSignOnParts {
  readonly provider: IdentityProvider
  readonly publicUrl: string
  /** Null without a server secret. */
  readonly sealKey: Buffer | null
}

/** Operations on the single sign-on of staff. */
export function singleSignOnRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  { provider, publicUrl, sealKey }: SingleSignOnParts,
): void {
  const answer = async (db: Db): Promise<Result<unknown, Problem>> =>
    yes(toSingleSignOnWire(await findSingleSignOn(db), publicUrl))

  const get = {
    ...read,
    id: 'getSingleSignOn',
    method: 'GET',
    url,
    summary: 'The identity provider of staff, without its client secret',
  } as const
  reads(app, pipeline, get, ({ db }) => answer(db))

  const set = {
    ...write,
    id: 'setSingleSignOn',
    method: 'PUT',
    url,
    summary: 'Set the identity provider of staff; its metadata is read first',
    body: NewSingleSignOnWire,
    problems: ['identity_provider_unusable', 'exceeds_authority', 'sso_required', 'secret_not_set'],
  } as const
  changesPrepared(
    app,
    pipeline,
    set,
    async ({ body: { issuer, client_id: clientId } }) => {
      if (sealKey === null) return no(SECRET_NOT_SET)
      const checked = await provider.check({ version: '', issuer, clientId, clientSecret: null })
      return checked.ok ? yes(sealKey) : no(unusable(checked.no.why))
    },
    async ({ db, caller, body }, key) => {
      const settings = {
        issuer: body.issuer,
        clientId: body.client_id,
        clientSecret: body.client_secret,
        domains: [...new Set((body.domains ?? []).map((each) => each.toLowerCase()))],
        defaultRole: body.default_role ?? 'viewer',
      } as const
      const done = await setSingleSignOn(db, caller, settings, key)
      return done.ok ? await answer(db) : done
    },
  )

  const require = {
    ...write,
    id: 'requireSingleSignOn',
    method: 'POST',
    url: `${url}/require`,
    summary: 'Refuse every other sign-in of staff, once an administrator has tested single sign-on',
    problems: ['sso_not_configured', 'sso_not_tested'],
  } as const
  changes(app, pipeline, require, async ({ db, caller, presented }) => {
    const done = await requireSingleSignOn(db, caller, hashToken(presented.reveal()))
    return done.ok ? await answer(db) : done
  })

  const release = {
    ...write,
    id: 'stopRequiringSingleSignOn',
    method: 'POST',
    url: `${url}/stop-requiring`,
    summary: 'Accept other sign-ins of staff again',
    problems: ['sso_not_configured'],
  } as const
  changes(app, pipeline, release, async ({ db, caller }) => {
    const done = await stopRequiringSingleSignOn(db, caller)
    return done.ok ? await answer(db) : done
  })

  const remove = {
    ...write,
    id: 'removeSingleSignOn',
    method: 'POST',
    url: `${url}/remove`,
    summary: 'Remove the identity provider of staff; who is linked to it stays known',
    status: 204,
    answer: Type.Null(),
    problems: ['sso_not_configured', 'sso_required'],
  } as const
  changes(app, pipeline, remove, ({ db, caller }) => removeSingleSignOn(db, caller))

  const unlink = {
    ...write,
    id: 'unlinkStaffIdentity',
    method: 'POST',
    url: '/v1/staff/:id/unlink',
    summary: 'Unlink a staff member from the identity provider, and end all sessions of the member',
    params: strictObject({ id: StaffId }),
    status: 204,
    answer: Type.Null(),
    problems: ['not_found', 'own_account'],
  } as const
  changes(app, pipeline, unlink, ({ db, caller, params: { id } }) => unlinkIdentity(db, caller, id))
}

function unusable(why: string): Problem {
  return problem(
    'identity_provider_unusable',
    `Nothing was changed. Its metadata could not be used: ${why}. The issuer must be reachable by https at a public address, or at one of DOORWARD_SSO_NETWORKS.`,
  )
}

const SECRET_NOT_SET = problem(
  'secret_not_set',
  'The client secret cannot be kept, and staff cannot sign in. Make one with `openssl rand -base64 32`, and start the server with it as DOORWARD_SECRET.',
)
