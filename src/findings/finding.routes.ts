import type { FastifyInstance } from 'fastify'
import { no, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { pageOfWalk } from '../http/cursor.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { toMoment } from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { acceptFinding, withdrawAcceptance } from './accept-finding.ts'
import { changeFindingSettings } from './change-settings.ts'
import { findFinding, findSettings, namesOfHolders } from './finding.store.ts'
import { DEFAULT_FINDING_SETTINGS, type Finding } from './finding.ts'
import {
  AcceptanceWire,
  FindingCountQuery,
  FindingCountsWire,
  FindingListQuery,
  FindingPage,
  FindingParams,
  FindingSettingsWire,
  FindingWire,
  NewFindingSettingsWire,
  toCountsWire,
  toFindingWire,
  toSettingsWire,
} from './finding.wire.ts'
import { findingExportRoutes } from './finding-export.routes.ts'
import { countFindings, listFindings } from './finding-list.store.ts'
import { findingReachOf } from './finding-reach.store.ts'

const tag = 'Findings'
const read = { method: 'GET', permission: 'findings:read', tag, status: 200 } as const

/** Operations on what needs attention. */
export function findingRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  findingExportRoutes(app, pipeline)
  const list = {
    ...read,
    id: 'listFindings',
    url: '/v1/findings',
    withinEnvironments: true,
    summary: 'What needs attention, newest first; of holders that the caller may read',
    query: FindingListQuery,
    answer: FindingPage,
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, query }) => {
    const { kind, owner_id: ownerId, environment, holder_id: holderId, state } = query
    const filter = { kind, ownerId, environment, holderId, state }
    const names = new Map<string, string>()
    return await pageOfWalk(
      query,
      async (page) => {
        const found = await listFindings(db, findingReachOf(caller), filter, page, caller.now)
        const named = await namesOfHolders(
          db,
          found.rows.map(({ holder }) => holder.id),
        )
        for (const [id, name] of named) names.set(id, name)
        return found
      },
      (finding) => toFindingWire(finding, names.get(finding.holder.id) ?? null, caller.now),
      ({ firstSeenAt, id }) => ({ at: firstSeenAt, id }),
    )
  })

  const counts = {
    ...read,
    id: 'countFindings',
    url: '/v1/findings/counts',
    withinEnvironments: true,
    summary: 'How many findings there are of each kind, counted up to 10000',
    query: FindingCountQuery,
    answer: FindingCountsWire,
  } as const
  reads(app, pipeline, counts, async ({ db, caller, query }) => {
    const { owner_id: ownerId, environment, holder_id: holderId } = query
    const filter = { ownerId, environment, holderId }
    return yes(toCountsWire(await countFindings(db, findingReachOf(caller), filter, caller.now)))
  })

  const get = {
    ...read,
    id: 'getFinding',
    url: '/v1/findings/:id',
    withinEnvironments: true,
    summary: 'One finding; not found once it does not hold any more',
    params: FindingParams,
    answer: FindingWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, async ({ db, caller, params: { id } }) => {
    const finding = await findFinding(db, findingReachOf(caller), id)
    return finding === undefined ? no(NOT_FOUND) : yes(await withName(db, finding, caller))
  })

  const write = { ...read, method: 'POST', permission: 'findings:write' } as const
  const accept = {
    ...write,
    id: 'acceptFinding',
    url: '/v1/findings/:id/accept',
    withinEnvironments: true,
    summary: 'Accept a finding for a time, with a reason; it is open again when the time is over',
    params: FindingParams,
    body: AcceptanceWire,
    answer: FindingWire,
    problems: ['not_found', 'unsuitable_acceptance'],
  } as const
  changes(app, pipeline, accept, async ({ db, caller, params: { id }, body: { reason, until } }) => {
    const asked = { reason, until: toMoment(until) }
    const done = await acceptFinding(db, caller, findingReachOf(caller), id, asked)
    return done.ok ? yes(await withName(db, done.value, caller)) : done
  })

  const withdraw = {
    ...write,
    id: 'withdrawAcceptance',
    url: '/v1/findings/:id/withdraw',
    withinEnvironments: true,
    summary: 'Take the acceptance of a finding back: it is open again',
    params: FindingParams,
    answer: FindingWire,
    problems: ['not_found'],
  } as const
  changes(app, pipeline, withdraw, async ({ db, caller, params: { id } }) => {
    const done = await withdrawAcceptance(db, caller, findingReachOf(caller), id)
    return done.ok ? yes(await withName(db, done.value, caller)) : done
  })

  const settings = { url: '/v1/finding-settings', answer: FindingSettingsWire } as const
  const getSettings = {
    ...read,
    ...settings,
    id: 'getFindingSettings',
    withinEnvironments: true,
    summary: 'After how many days something is unused or not rotated, and if mails tell of it each week',
  } as const
  reads(app, pipeline, getSettings, async ({ db }) => yes(toSettingsWire(await findSettings(db))))

  const putSettings = {
    ...read,
    ...settings,
    method: 'PUT',
    permission: 'policies:write',
    id: 'putFindingSettings',
    summary: 'Set when something needs attention; what is left out is set to its default',
    body: NewFindingSettingsWire,
  } as const
  changes(app, pipeline, putSettings, async ({ db, caller, body }) => {
    const usual = DEFAULT_FINDING_SETTINGS
    const chosen = {
      unusedAfterDays: body.unused_after_days ?? usual.unusedAfterDays,
      rotateAfterDays: body.rotate_after_days ?? usual.rotateAfterDays,
      weeklyMail: body.weekly_mail ?? usual.weeklyMail,
    }
    return yes(toSettingsWire(await changeFindingSettings(db, caller, chosen)))
  })
}

async function withName(db: Db, finding: Finding, { now }: Caller) {
  const names = await namesOfHolders(db, [finding.holder.id])
  return toFindingWire(finding, names.get(finding.holder.id) ?? null, now)
}
