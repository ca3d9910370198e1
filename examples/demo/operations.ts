import { type Ask, ProblemError } from '../management.ts'
import { SUSPENDED_OWNER } from './company.ts'
import { type DemoKey, reportExposure } from './key-life.ts'
import { DAY_MS } from './key-plan.ts'
import type { Timeline } from './timeline.ts'
import type { Tools } from './tools.ts'

const MINUTE_MS = 60_000

/**
 * The incident: a partner put a key into a URL, a stranger read it in a log, and staff ended it within a quarter of an
 * hour; at first so that it could be undone, then for good.
 */
export function planIncident(timeline: Timeline, key: DemoKey, { support, api }: Tools): void {
  const { turnedAt: endedAt, ip } = key.plan
  if (endedAt === null) throw new Error('a leaked key has a moment at which it was ended')
  const before = (minutes: number) => new Date(endedAt.getTime() - minutes * MINUTE_MS)
  timeline.at(before(14), async () => await reportExposure(api, key, before(14), ip))
  timeline.at(before(2), async () => {
    await support('POST', `/v1/keys/${key.id}/disable`)
  })
  timeline.at(endedAt, async () => {
    await support('POST', `/v1/keys/${key.id}/revoke`, {
      reason: 'INC-2041: in a URL in an access log of Courier Match, and used from an unknown address',
    })
  })
}

/** Operators' actions of the demo: one more tier of notices, an invited auditor, a suspended owner, a deprecated scope, refused attempts. */
export function planDays(timeline: Timeline, all: Ask, { support, portal }: Tools, end: Date): void {
  const ago = (days: number) => new Date(end.getTime() - days * DAY_MS)
  const refused = async (ask: Ask, method: string, path: string, body?: object) => {
    await ask(method, path, body).catch((error: unknown) => {
      if (!(error instanceof ProblemError)) throw error
    })
  }
  timeline.at(ago(41), async () => {
    await all('PATCH', '/v1/policies/live', { notice_tiers: [30, 7, 3, 1] })
    await all('POST', '/v1/staff-invitations', { email: 'auditor@tidewater.example', role: 'security' })
  })
  timeline.at(ago(12), async () => {
    await support('POST', `/v1/owners/${SUSPENDED_OWNER}/suspend`, {
      reason: 'Invoice 2025-118 is 60 days overdue',
    })
  })
  timeline.at(ago(8.1), async () => {
    await support('PATCH', '/v1/owners/org_larkfield', {
      max_keys: 450,
      rotate_every_days: 365,
      notice_tiers: [60, 14],
    })
  })
  timeline.at(ago(6.3), async () => {
    for (let attempt = 0; attempt < 4; attempt++) await refused(portal, 'GET', '/v1/admin-keys')
    await refused(portal, 'POST', '/v1/keys', {
      owner_id: 'org_brightwater',
      name: 'test',
      environment: 'live',
      scopes: ['orders:read'],
    })
  })
  timeline.at(ago(0.9), async () => {
    await all('PATCH', '/v1/scopes/orders:export', { deprecated: true })
  })
  timeline.at(ago(0.3), async () => {
    await refused(support, 'PATCH', '/v1/scopes/orders:admin', { description: 'Do everything' })
  })
}
