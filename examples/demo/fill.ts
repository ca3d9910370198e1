import { randomBytes } from 'node:crypto'
import type { Secret } from '@doorward/sdk/kernel'
import { demoBranding } from './brand.ts'
import { callerOf } from './caller.ts'
import type { ClockedServer } from './clocked-server.ts'
import { declareCatalogue, OWNERS } from './company.ts'
import { planConnections } from './connections.ts'
import { type DemoKey, planLife } from './key-life.ts'
import { DAY_MS, HOUR_MS, type Life, planKeys } from './key-plan.ts'
import { planDays, planIncident } from './operations.ts'
import type { Person } from './people.ts'
import { Random } from './random.ts'
import { createAdministrator, type DemoStaff } from './staff.ts'
import { Timeline } from './timeline.ts'
import { createTools } from './tools.ts'
import { sendTraffic } from './traffic.ts'

/** The demo begins so long ago: no count is kept for longer than 400 days. */
export const DEMO_DAYS = 395

export interface Filled {
  readonly keys: readonly DemoKey[]
  /** Null where there was staff before. */
  readonly administrator: DemoStaff | null
  readonly person: Person | null
}

export interface FillOptions {
  /** About how many keys. */
  readonly size: number
  /** The moment at which the demo ends: now. */
  readonly end: Date
  readonly onProgress?: (share: number) => void
}

/** Plays more than a year of a company on a server whose clock starts then. */
export async function fill(
  server: ClockedServer,
  adminKey: Secret,
  { size, end, onProgress = () => {} }: FillOptions,
): Promise<Filled> {
  const random = new Random(2041)
  const all = callerOf(server, adminKey, '198.51.100.5')
  await declareCatalogue(all)
  await all('PATCH', '/v1/branding', demoBranding())
  const tools = await createTools(server, all)
  const administrator = await createAdministrator(server)
  const timeline = new Timeline()
  const keys = planKeys(random, size, end).map((plan) => planLife(timeline, random, plan, tools))
  const leaked = keys.find(({ plan }) => plan.life === 'leaked')
  if (leaked !== undefined) planIncident(timeline, leaked, tools)
  const connections = planConnections({
    timeline,
    server,
    random,
    ask: all,
    end,
    passwordOf: () => randomBytes(12).toString('base64url'),
    atMost: size >= 200 ? 100 : 6,
  })
  planOwners()
  planDays(timeline, all, tools, end)
  planTraffic()
  await timeline.play(server, end, onProgress)
  await spendQuotas()
  await server.tidy()
  return { keys, administrator, person: connections.people[0] ?? null }

  /** An owner is created with its first key. */
  function planOwners(): void {
    for (const { id, share: _, ...said } of OWNERS) {
      const first = Math.min(
        ...keys.filter(({ plan }) => plan.ownerId === id).map(({ plan }) => plan.createdAt.getTime()),
      )
      if (Number.isFinite(first))
        timeline.at(new Date(first + HOUR_MS), async () => {
          await all('PATCH', `/v1/owners/${id}`, said)
        })
    }
  }

  /** The older, the coarser: as counts are kept. */
  function planTraffic(): void {
    const startOfToday = Math.floor(end.getTime() / DAY_MS) * DAY_MS
    const daysAgo = (days: number) => new Date(startOfToday - days * DAY_MS)
    const send = (from: Date, until: Date, finest: number) =>
      timeline.at(until, async () => {
        await sendTraffic(tools.api, random, keys, { from, until, end, finest })
      })
    for (let days = DEMO_DAYS - 2; days > 93; days -= 7) send(daysAgo(days), daysAgo(days - 7), 7 * DAY_MS)
    for (let days = 93; days > 31; days -= 2) send(daysAgo(days), daysAgo(days - 2), 2 * DAY_MS)
    for (let days = 31; days > 7; days--) send(daysAgo(days), daysAgo(days - 1), 6 * HOUR_MS)
    for (let days = 7; days > 1; days--) send(daysAgo(days), daysAgo(days - 1), 3 * HOUR_MS)
    send(daysAgo(1), daysAgo(0), HOUR_MS)
    send(daysAgo(0), end, HOUR_MS)
  }

  async function spendQuotas(): Promise<void> {
    const spends = keys.flatMap(({ plan, secrets }) => {
      const secretId = secrets.at(-1)?.id
      const inUse = plan.quota !== null && plan.callsUntil >= end && secretId !== undefined
      if (!inUse || plan.quota === null || !SPENDING.has(plan.life)) return []
      return [
        {
          credential_id: secretId,
          cost: Math.round(Math.min(plan.quota.limit, 900_000) * random.between(0.05, 0.9)),
        },
      ]
    })
    for (let at = 0; at < spends.length; at += 100)
      await tools.api('POST', '/v1/quota-spends', { spends: spends.slice(at, at + 100) })
  }
}

const SPENDING: ReadonlySet<Life> = new Set(['used', 'no_expiry', 'expiring', 'rotating_old_quiet'])
