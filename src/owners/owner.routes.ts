import type { FastifyInstance } from 'fastify'
import { no, type Result, yes } from '../base/result.ts'
import { pageSorted } from '../http/cursor.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import { OwnerId, pageWire, plainText, strictObject } from '../http/wire.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { changeOwner, resumeOwner, suspendOwner } from './change-owner.ts'
import { fromLimitFields } from './limits.wire.ts'
import { findOwner, listOwners } from './owner.store.ts'
import type { Owner } from './owner.ts'
import {
  ChangedOwnerWire,
  OwnerChangeWire,
  OwnerListQuery,
  OwnerWire,
  toChangedOwnerWire,
  toOwnerWire,
} from './owner.wire.ts'
import type { ConfiguredPolicy } from './policy.ts'
import { chosenOf } from './policy-fields.ts'

const tag = 'Owners'
const params = strictObject({ id: OwnerId })
const read = {
  method: 'GET',
  permission: 'owners:read',
  // An owner is of no environment.
  withinEnvironments: true,
  tag,
  status: 200,
} as const
const write = {
  permission: 'owners:write',
  tag,
  params,
  status: 200,
  answer: OwnerWire,
  problems: ['not_found'],
} as const

/** `policy`: the configuration's, where neither the owner nor the environment has a rule. */
export function ownerRoutes(app: FastifyInstance, pipeline: Pipeline, policy: ConfiguredPolicy): void {
  const list = {
    ...read,
    id: 'listOwners',
    url: '/v1/owners',
    summary: 'Owners, newest first or by name',
    query: OwnerListQuery,
    answer: pageWire(OwnerWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, ({ db, caller, query }) =>
    pageSorted(query, (page) => listOwners(db, caller.reach, query, page), toOwnerWire),
  )

  const get = {
    ...read,
    id: 'getOwner',
    hasEntityTag: true,
    url: '/v1/owners/:id',
    summary: 'One owner',
    params,
    answer: OwnerWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, async ({ db, caller, params: { id } }) => {
    const owner = await findOwner(db, caller.reach, id)
    return owner === undefined ? no(NOT_FOUND) : yes(toOwnerWire(owner))
  })

  const change = {
    ...write,
    id: 'changeOwner',
    isDangerous: true,
    method: 'PATCH',
    url: '/v1/owners/:id',
    summary:
      'Change name, notice contacts, limits or policy; a stricter policy applies to existing secrets and keys too',
    body: OwnerChangeWire,
    answer: ChangedOwnerWire,
    problems: ['not_found', 'limits_not_permitted', 'policy_contradicts'],
  } as const
  changes(app, pipeline, change, async ({ db, caller, params: { id }, body }) => {
    const done = await changeOwner(db, caller, policy, id, {
      name: body.name,
      noticeContacts: body.notice_contacts,
      dryRun: body.dry_run === true,
      applyAtOnce: body.apply_at_once === true,
      ...fromLimitFields(body),
      ...chosenOf(body),
    })
    return done.ok ? yes(toChangedOwnerWire(done.value)) : done
  })

  const suspend = {
    ...write,
    id: 'suspendOwner',
    permission: 'owners:suspend',
    isDangerous: true,
    method: 'POST',
    url: '/v1/owners/:id/suspend',
    summary: 'Suspend an owner: none of its credentials works until it is resumed',
    body: strictObject({ reason: plainText(500, 'For the audit log') }),
  } as const
  changes(app, pipeline, suspend, async ({ db, caller, params: { id }, body }) =>
    answer(await suspendOwner(db, caller, id, body.reason)),
  )

  const resume = {
    ...write,
    id: 'resumeOwner',
    permission: 'owners:suspend',
    isDangerous: true,
    method: 'POST',
    url: '/v1/owners/:id/resume',
    summary: 'Resume an owner: its credentials work again',
    problems: ['not_found', 'exceeds_authority'],
  } as const
  changes(app, pipeline, resume, async ({ db, caller, params: { id } }) =>
    answer(await resumeOwner(db, caller, id)),
  )
}

function answer(done: Result<Owner, Problem>): Result<unknown, Problem> {
  return done.ok ? yes(toOwnerWire(done.value)) : done
}
