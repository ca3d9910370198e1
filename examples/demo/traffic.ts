import { createHash } from 'node:crypto'
import type { Ask } from '../management.ts'
import type { DemoKey } from './key-life.ts'
import { DAY_MS, HOUR_MS, type KeyPlan, leakFoundAt } from './key-plan.ts'
import type { Random } from './random.ts'
import { weightAt } from './rhythm.ts'

/** An item of `POST /v1/usage-batches`. */
interface Item {
  readonly credential_id: string | null
  readonly outcome: string
  readonly scope: string
  readonly minute: string
  readonly count: number
  readonly calls: number
  readonly last_at: string
  readonly last_ip: string | null
  readonly last_user_agent: string | null
}

/** Fits the longest body that the server takes. */
const ITEMS_AT_ONCE = 4_000
const MINUTE_MS = 60_000
/** The most recent hours, for charts by minutes. */
const LIVELY_MS = 2 * HOUR_MS

/** Sends what all keys did in a part of a day, in the batches that an SDK would send. */
export async function sendTraffic(
  ask: Ask,
  random: Random,
  keys: readonly DemoKey[],
  { from, until, end, finest }: { from: Date; until: Date; end: Date; finest: number },
): Promise<void> {
  const items = keys.flatMap((key) => itemsOf(random, key, from, until, end, finest))
  items.push(...unknownCredentials(random, from, until, end))
  for (let at = 0; at < items.length; at += ITEMS_AT_ONCE) {
    const part = items.slice(at, at + ITEMS_AT_ONCE)
    const id = createHash('sha256')
      .update(`${end.getTime()} ${from.getTime()} ${at}`)
      .digest('hex')
      .slice(0, 32)
    await ask('POST', '/v1/usage-batches', { id, items: part, exposed: [] })
  }
}

function itemsOf(random: Random, key: DemoKey, from: Date, until: Date, end: Date, finest: number): Item[] {
  const { plan } = key
  if (plan.callsFrom === null || key.id === '') return []
  const begin = Math.max(from.getTime(), plan.callsFrom.getTime())
  const stop = Math.min(until.getTime(), plan.callsUntil.getTime())
  const items: Item[] = []
  // Steps begin on their own grid, so that a key with little to do is not called at every full hour.
  for (let at = Math.floor(begin / finest) * finest; at < stop; at += finest) {
    const step = stepOf(plan, end.getTime() - at, finest)
    for (let part = at; part < Math.min(at + finest, stop); part += step) {
      const moment = part + Math.floor(random.fraction() * (step / MINUTE_MS)) * MINUTE_MS
      if (moment < begin || moment >= stop) continue
      const weight = meanWeight(plan, new Date(part), step)
      const mean = plan.perHour * weight * (step / HOUR_MS)
      const calls = Math.round(mean * random.between(0.8, 1.2) + (mean < 3 ? random.fraction() - 0.5 : 0))
      if (calls > 0) items.push(...callsAt(random, key, new Date(moment), calls, end))
    }
  }
  return items
}

/** The charts of the last hours have short steps, and busy keys are called in each of them. */
function stepOf({ perHour, life }: KeyPlan, agoMs: number, finest: number): number {
  // A chart of the last day begins within the hour before.
  if (finest > HOUR_MS || agoMs > DAY_MS + HOUR_MS) return finest
  if (agoMs <= LIVELY_MS && life.startsWith('rotating')) return MINUTE_MS
  if (agoMs <= LIVELY_MS && perHour > 900) return 2 * MINUTE_MS
  return perHour > 300 ? 15 * MINUTE_MS : finest
}

/** Over long steps, the weight of each of its hours. */
function meanWeight({ rhythm }: KeyPlan, start: Date, stepMs: number): number {
  const hours = Math.max(1, Math.round(stepMs / HOUR_MS))
  let sum = 0
  for (let hour = 0; hour < hours; hour++) sum += weightAt(rhythm, new Date(start.getTime() + hour * HOUR_MS))
  return sum / hours
}

function callsAt(random: Random, key: DemoKey, at: Date, calls: number, end: Date): Item[] {
  const { plan } = key
  const ended = endedBy(plan, at)
  const from = whereFrom(plan)
  if (ended !== null) {
    // A dead credential is tried again and again, but less often: most programs give up.
    const knocks = Math.max(1, Math.round(calls * 0.15))
    return [item(key.secrets[0]?.id, ended, plan.exercised[0], at, knocks, from)]
  }
  const thief = theft(key, at)
  const items = secretsAt(random, key, at, end).flatMap(([secretId, share]) => {
    const mine = Math.round(calls * share)
    const [first = '', second] = plan.exercised
    const ofSecond = second === undefined ? 0 : Math.floor(mine * 0.3)
    return [
      item(secretId, 'accepted', first, at, mine - ofSecond, from),
      ...(ofSecond > 0 ? [item(secretId, 'accepted', second, at, ofSecond, from)] : []),
    ].filter(({ count }) => count > 0)
  })
  if (thief !== null) items.push(thief)
  return [...items, ...smallRefusals(random, key, at, calls)]
}

/** The rate limit on a busy day, a scope that the key lacks, an address that is not on its list. */
function smallRefusals(random: Random, { plan, secrets }: DemoKey, at: Date, calls: number): Item[] {
  const secretId = secrets.at(-1)?.id
  const from = whereFrom(plan)
  if (plan.rateLimits.length > 0 && calls > 40 && random.happens(0.03))
    return [item(secretId, 'rate_limited', plan.exercised[0], at, Math.ceil(calls * 0.04), from)]
  if (plan.environment === 'test' && random.happens(0.02))
    return [item(secretId, 'environment_mismatch', plan.exercised[0], at, random.whole(1, 3), from)]
  if (plan.rhythm === 'weekly' && random.happens(0.2))
    return [item(secretId, 'missing_scope', 'orders:export', at, random.whole(1, 6), from)]
  if (plan.isBoundToOffice && random.happens(0.008))
    return [
      item(secretId, 'ip_not_allowed', plan.exercised[0], at, random.whole(1, 4), {
        ip: '192.0.2.201',
        userAgent: plan.userAgent,
      }),
    ]
  return []
}

/** The reason for which a key that has ended is refused; null while it works. */
function endedBy({ life, turnedAt, expiresAt }: KeyPlan, at: Date): string | null {
  if (expiresAt !== null && expiresAt <= at) return 'expired'
  if (turnedAt === null || turnedAt > at) return null
  if (life === 'disabled') return 'disabled'
  if (life === 'suspended') return 'owner_suspended'
  return life.startsWith('revoked') || life === 'leaked' ? 'revoked' : null
}

/** Which secrets are presented, and with what share of the calls. */
function secretsAt(
  random: Random,
  { plan, secrets }: DemoKey,
  at: Date,
  end: Date,
): readonly (readonly [string | undefined, number])[] {
  const known = secrets.filter(({ from }) => from <= at)
  const [old, fresh] = [known.at(-2), known.at(-1)]
  const sinceMs = at.getTime() - (plan.turnedAt?.getTime() ?? 0)
  const isRotating = plan.life.startsWith('rotating') && plan.turnedAt !== null && sinceMs > 0
  if (!isRotating || old === undefined) return [[fresh?.id, 1]]
  if (plan.life === 'rotating_new_unused') return [[old.id, 1]]
  if (plan.life === 'rotating_old_quiet')
    return end.getTime() - at.getTime() < 1.6 * DAY_MS
      ? [[fresh?.id, 1]]
      : [
          [old.id, 0.5],
          [fresh?.id, 0.5],
        ]
  const moved = Math.min(0.8, sinceMs / (6 * DAY_MS)) * random.between(0.9, 1.1)
  return [
    [old.id, 1 - moved],
    [fresh?.id, moved],
  ]
}

/** The leaked key, used by a stranger for the hours before it was found, and after that still tried. */
function theft({ plan, secrets }: DemoKey, at: Date): Item | null {
  if (plan.life !== 'leaked' || plan.turnedAt === null) return null
  const beforeMs = plan.turnedAt.getTime() - at.getTime()
  if (beforeMs > 5 * HOUR_MS) return null
  return item(secrets[0]?.id, 'accepted', 'customers:read', at, 1400, THIEF)
}

const THIEF = { ip: '192.0.2.66', userAgent: 'python-requests/2.31.0' }

/** Well-formed credentials that nobody made: scanners, and on the day of the leak a flood of guesses. */
function unknownCredentials(random: Random, from: Date, until: Date, end: Date): Item[] {
  const leak = leakFoundAt(end).getTime()
  const items: Item[] = []
  for (let at = from.getTime(); at < until.getTime(); at += HOUR_MS) {
    const isFlood = at > leak - 5 * HOUR_MS && at < leak + 3 * HOUR_MS
    const count = isFlood ? random.whole(900, 2600) : random.whole(0, 14)
    if (count > 0)
      items.push(
        item(null, 'unknown', '', new Date(at), count, { ...THIEF, ip: isFlood ? THIEF.ip : '192.0.2.118' }),
      )
  }
  return items
}

function whereFrom({ ip, userAgent }: KeyPlan) {
  return { ip, userAgent }
}

function item(
  secretId: string | null | undefined,
  outcome: string,
  scope: string | undefined,
  at: Date,
  calls: number,
  { ip, userAgent }: { ip: string; userAgent: string },
): Item {
  const minute = new Date(Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS).toISOString()
  return {
    credential_id: secretId ?? null,
    outcome,
    scope: scope ?? '',
    minute,
    count: calls,
    calls,
    last_at: at.toISOString(),
    last_ip: ip,
    last_user_agent: userAgent,
  }
}
