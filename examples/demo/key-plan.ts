import { OWNERS, SUSPENDED_OWNER } from './company.ts'
import { type Program, programs } from './key-kinds.ts'
import type { Random } from './random.ts'

/** Lives of keys, each with its number among 500. */
export const LIVES = {
  used: 234,
  no_expiry: 40,
  never_used: 24,
  unused_90_days: 40,
  expiring: 20,
  rotating_old_in_use: 6,
  rotating_old_quiet: 5,
  rotating_new_unused: 3,
  exposed: 2,
  disabled: 14,
  expired: 46,
  expired_in_use: 4,
  revoked: 52,
  revoked_in_use: 3,
  suspended: 5,
  leaked: 1,
  replacing_leaked: 1,
} as const

export type Life = keyof typeof LIVES

/** The states that lives end in, as the API names them. */
export const STATE_OF: Readonly<Record<Life, 'active' | 'disabled' | 'suspended' | 'expired' | 'revoked'>> = {
  used: 'active',
  no_expiry: 'active',
  never_used: 'active',
  unused_90_days: 'active',
  expiring: 'active',
  rotating_old_in_use: 'active',
  rotating_old_quiet: 'active',
  rotating_new_unused: 'active',
  exposed: 'active',
  disabled: 'disabled',
  expired: 'expired',
  expired_in_use: 'expired',
  revoked: 'revoked',
  revoked_in_use: 'revoked',
  suspended: 'suspended',
  leaked: 'revoked',
  replacing_leaked: 'active',
}

/** These are seen only on keys that are called all day. */
const BUSY: ReadonlySet<Life> = new Set([
  'rotating_old_in_use',
  'rotating_old_quiet',
  'rotating_new_unused',
  'exposed',
  'expired_in_use',
  'revoked_in_use',
])

export interface KeyPlan extends Program {
  readonly life: Life
  readonly ownerId: string
  readonly createdAt: Date
  /** Null: never. */
  readonly expiresAt: Date | null
  /** When it was disabled, revoked, rotated or found in a URL; null where that is not its life. */
  readonly turnedAt: Date | null
  /** Its calls, accepted or not; null: none. */
  readonly callsFrom: Date | null
  readonly callsUntil: Date
  readonly ip: string
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Number of keys of each life in a demo of some size; at least one of each. */
export function countsFor(size: number): Readonly<Record<Life, number>> {
  const counts = Object.entries(LIVES).map(([life, count]) => [
    life,
    Math.max(1, Math.round((count * size) / 500)),
  ])
  return Object.fromEntries(counts)
}

/** Plans about as many keys as `size`, as they are at `end`. */
export function planKeys(random: Random, size: number, end: Date): KeyPlan[] {
  const pool = programs(random)
  const lives = Object.entries(countsFor(size)).flatMap(([life, count]) =>
    Array.from({ length: count }, () => life as Life),
  )
  const take = (life: Life): Program => {
    if (life === 'leaked' || life === 'replacing_leaked') return leakedFeed(life)
    const at = pool.findIndex(
      ({ rhythm, perHour }) => !BUSY.has(life) || (rhythm === 'steady' && perHour > 200),
    )
    const [program] = pool.splice(at, 1)
    if (program === undefined) throw new Error('there are not enough programs for so many keys')
    return program
  }
  const planned = random.shuffled(lives).sort((a, b) => Number(BUSY.has(b)) - Number(BUSY.has(a)))
  return planned.map((life) => planKey(random, take(life), life, end))
}

/** When the key of the incident was found: nine days ago, in the morning. */
export function leakFoundAt(end: Date): Date {
  return new Date(Math.floor(end.getTime() / DAY_MS - 9) * DAY_MS + 9.7 * HOUR_MS)
}

function leakedFeed(life: 'leaked' | 'replacing_leaked'): Program {
  return {
    name: life === 'leaked' ? 'partner feed Courier Match' : 'partner feed Courier Match (after INC-2041)',
    environment: 'live',
    scopes: life === 'leaked' ? ['orders:read', 'shipments:write', 'customers:read'] : ['shipments:write'],
    exercised: ['shipments:write'],
    rhythm: 'steady',
    perHour: 220,
    userAgent: 'CourierMatch/2.8',
    note: 'Given to Courier Match by secure mail; their contact is integrations@couriermatch.example',
    metadata: { partner: 'Courier Match', ...(life === 'leaked' ? {} : { incident: 'INC-2041' }) },
    isBoundToOffice: false,
    rateLimits: [{ name: 'minute', limit: 300, window_seconds: 60 }],
    quota: { limit: 500_000, period: 'month' },
  }
}

function planKey(random: Random, program: Program, life: Life, end: Date): KeyPlan {
  const ago = (days: number) => new Date(end.getTime() - days * DAY_MS)
  const ahead = (days: number) => new Date(end.getTime() + days * DAY_MS)
  const isIncident = life === 'leaked' || life === 'replacing_leaked'
  const ownerId = life === 'suspended' ? SUSPENDED_OWNER : isIncident ? OWNERS[0].id : pickOwner(random)
  const plan = {
    ...program,
    life,
    ownerId,
    // A company grows: half of its keys are from the last four months.
    createdAt: ago(2 + 388 * random.fraction() ** 1.7),
    expiresAt: ahead(random.between(31, 340)) as Date | null,
    turnedAt: null as Date | null,
    callsFrom: null as Date | null,
    callsUntil: end,
    ip: addressFor(random, ownerId),
  }
  plan.callsFrom = new Date(plan.createdAt.getTime() + random.between(0.1, 30) * HOUR_MS)
  switch (life) {
    case 'used':
      break
    case 'suspended':
      plan.createdAt = ago(random.between(30, 390))
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      break
    case 'no_expiry':
      plan.expiresAt = null
      break
    case 'never_used':
      plan.createdAt = ago(random.between(1, 200))
      plan.callsFrom = null
      if (random.happens(0.3)) plan.expiresAt = null
      break
    case 'unused_90_days':
      plan.createdAt = ago(random.between(200, 390))
      plan.callsUntil = ago(random.between(92, 180))
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      if (random.happens(0.4)) plan.expiresAt = null
      break
    case 'expiring':
      plan.expiresAt = ahead(random.between(0.4, 13.5))
      break
    case 'rotating_old_in_use':
    case 'rotating_old_quiet':
      plan.createdAt = ago(random.between(60, 390))
      plan.turnedAt = ago(random.between(3.2, 5.5))
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      break
    case 'rotating_new_unused':
      plan.createdAt = ago(random.between(60, 390))
      plan.turnedAt = ago(random.between(0.1, 0.4))
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      break
    case 'exposed':
      plan.turnedAt = ago(random.between(0.2, 3))
      plan.createdAt = new Date(plan.turnedAt.getTime() - random.between(5, 300) * DAY_MS)
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      break
    case 'disabled':
      plan.turnedAt = ago(random.between(0.5, 18))
      plan.createdAt = new Date(plan.turnedAt.getTime() - random.between(5, 300) * DAY_MS)
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      plan.callsUntil = random.happens(0.3) ? end : plan.turnedAt
      break
    case 'expired':
      plan.expiresAt = ago(random.between(1, 180))
      plan.createdAt = new Date(plan.expiresAt.getTime() - random.pick([30, 90, 180]) * DAY_MS)
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      plan.callsUntil = plan.expiresAt
      break
    case 'expired_in_use':
      plan.expiresAt = ago(random.between(0.3, 6))
      plan.createdAt = new Date(plan.expiresAt.getTime() - 90 * DAY_MS)
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      break
    case 'revoked':
    case 'revoked_in_use':
      plan.turnedAt = ago(life === 'revoked' ? random.between(0.5, 240) : random.between(1, 6))
      plan.createdAt = new Date(plan.turnedAt.getTime() - random.between(2, 150) * DAY_MS)
      plan.callsFrom = new Date(plan.createdAt.getTime() + HOUR_MS)
      if (life === 'revoked') plan.callsUntil = plan.turnedAt
      break
    case 'leaked':
      plan.createdAt = ago(212)
      plan.callsFrom = ago(211.8)
      plan.turnedAt = leakFoundAt(end)
      break
    case 'replacing_leaked':
      plan.createdAt = new Date(leakFoundAt(end).getTime() + 2.4 * HOUR_MS)
      plan.callsFrom = new Date(leakFoundAt(end).getTime() + 3 * HOUR_MS)
      break
  }
  return plan
}

function pickOwner(random: Random): string {
  let left = random.fraction() * OWNERS.reduce((sum, { share }) => sum + share, 0)
  for (const { id, share } of OWNERS) {
    left -= share
    if (left < 0) return id
  }
  return OWNERS[0].id
}

/** Addresses for documentation only (RFC 5737, RFC 3849): one network for each owner. */
function addressFor(random: Random, ownerId: string): string {
  if (random.happens(0.08)) return `2001:db8:${random.whole(16, 4000).toString(16)}::${random.whole(2, 99)}`
  const network =
    ownerId === 'org_larkfield' ? '203.0.113' : ownerId === 'org_brightwater' ? '198.51.100' : '192.0.2'
  return `${network}.${random.whole(2, 250)}`
}

/** The network of an owner's offices, for allow-lists. */
export function officeOf(ip: string): string {
  return ip.includes(':') ? `${ip.split('::')[0]}::/64` : ip.replace(/\.\d+$/, '.0/24')
}
