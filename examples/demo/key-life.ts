import { hashCredential, Secret } from '@doorward/sdk/kernel'
import type { Ask } from '../management.ts'
import { DAY_MS, HOUR_MS, type KeyPlan, officeOf } from './key-plan.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'
import type { Tools } from './tools.ts'

/** A key of the demo once it exists. */
export interface DemoKey {
  readonly plan: KeyPlan
  id: string
  /** Oldest first. */
  readonly secrets: DemoSecret[]
}

export interface DemoSecret {
  readonly id: string
  readonly secret: Secret
  readonly from: Date
}

interface IssuedWire {
  readonly id: string
  readonly secret: string
  readonly secrets: readonly { id: string }[]
}

const REASONS = [
  'The store was closed',
  'Replaced by a key with fewer scopes',
  'The contractor has left',
  'The service was switched off',
  'Seen in a build log',
  'The partner contract ended',
  'Created by mistake',
  'Device was lost',
]
const OVERLAP_SECONDS = 7 * 86_400

/** Plans the life of a key: its creation, and what its `life` says. */
export function planLife(
  timeline: Timeline,
  random: Random,
  plan: KeyPlan,
  { programs, api }: Tools,
): DemoKey {
  const key: DemoKey = { plan, id: '', secrets: [] }
  const ask = random.pick(programs)
  const { life, turnedAt, createdAt } = plan
  const hasAllowlist = plan.isBoundToOffice && random.happens(0.8)
  timeline.at(createdAt, async () => {
    const made = await ask<IssuedWire>('POST', '/v1/keys', {
      owner_id: plan.ownerId,
      name: plan.name,
      environment: plan.environment,
      scopes: plan.scopes,
      expires_at: plan.expiresAt?.toISOString() ?? null,
      ip_allowlist: hasAllowlist ? [officeOf(plan.ip)] : null,
      metadata: plan.metadata,
      rate_limits: plan.rateLimits,
      quota: plan.quota,
      note: plan.note,
    })
    key.id = made.id
    noteSecret(key, made, createdAt)
  })
  const post = (at: Date, verb: string, body?: object) =>
    timeline.at(at, async () => {
      await ask('POST', `/v1/keys/${key.id}/${verb}`, body)
    })
  const rotate = (at: Date) =>
    timeline.at(at, async () => {
      const path = `/v1/keys/${key.id}/rotate`
      noteSecret(key, await ask<IssuedWire>('POST', path, { overlap_seconds: OVERLAP_SECONDS }), at)
    })

  if (life.startsWith('rotating') && turnedAt !== null) rotate(turnedAt)
  if (life === 'disabled' && turnedAt !== null) post(turnedAt, 'disable')
  if ((life === 'revoked' || life === 'revoked_in_use') && turnedAt !== null)
    post(turnedAt, 'revoke', { reason: random.pick(REASONS) })
  if (life === 'exposed' && turnedAt !== null)
    timeline.at(turnedAt, async () => await reportExposure(api, key, turnedAt, plan.ip))
  if (life === 'used' || life === 'no_expiry') planPast(timeline, random, key, { ask, post, rotate })
  return key
}

/** Some keys were rotated, changed, or disabled for a while, long ago. */
function planPast(
  timeline: Timeline,
  random: Random,
  key: DemoKey,
  {
    ask,
    post,
    rotate,
  }: { ask: Ask; post: (at: Date, verb: string, body?: object) => void; rotate: (at: Date) => void },
): void {
  const { createdAt, callsUntil, scopes } = key.plan
  const age = callsUntil.getTime() - createdAt.getTime()
  const at = (share: number) => new Date(createdAt.getTime() + age * share)
  const change = (moment: Date, body: object) =>
    timeline.at(moment, async () => {
      await ask('PATCH', `/v1/keys/${key.id}`, body)
    })
  if (age > 60 * DAY_MS && random.happens(0.16)) {
    const started = at(random.between(0.3, 0.6))
    rotate(started)
    post(new Date(started.getTime() + random.between(10, 100) * HOUR_MS), 'rotation/finish')
  }
  if (scopes.length > 2 && random.happens(0.1)) change(at(0.7), { scopes: scopes.slice(0, -1) })
  if (random.happens(0.05))
    change(at(0.75), { rate_limits: [{ name: 'burst', limit: 300, window_seconds: 60 }] })
  if (random.happens(0.04)) {
    const stopped = at(0.8)
    post(stopped, 'disable')
    post(new Date(stopped.getTime() + random.between(0.2, 20) * HOUR_MS), 'enable')
  }
}

/** Reports that the key's newest secret was seen in a URL, as an SDK does. */
export async function reportExposure(ask: Ask, { secrets }: DemoKey, at: Date, ip: string): Promise<void> {
  const hash = hashCredential(secrets.at(-1)?.secret.reveal() ?? '')
  const exposed = [{ hash, at: at.toISOString(), ip }]
  await ask('POST', '/v1/usage-batches', { id: `demo-exposed-${hash.slice(0, 20)}`, items: [], exposed })
}

/** The secret that an answer of the API shows. */
function noteSecret(key: DemoKey, made: IssuedWire, from: Date): void {
  key.secrets.push({ id: made.secrets[0]?.id ?? '', secret: new Secret(made.secret), from })
}
