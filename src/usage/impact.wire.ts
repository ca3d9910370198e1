import { Type } from 'typebox'
import { iso, Moment, nullable } from '../http/wire.ts'
import { type Key, lastUse } from '../keys/key.ts'
import type { KeyCount } from '../keys/key-counts.store.ts'
import { CountWire, toCountWire } from '../keys/key-list.wire.ts'
import { currentSecret } from '../secrets/secret.ts'
import type { OutcomeCalls, ScopeCount } from './impact.store.ts'
import type { LastAddress } from './last-address.store.ts'

const Common = {
  since: Moment,
  calls: Type.Object({ accepted: Type.Integer(), refused: Type.Integer() }),
  outcomes: Type.Array(Type.Object({ outcome: Type.String(), calls: Type.Integer() })),
  last_used_at: nullable(Moment),
}

export const KeyImpactWire = Type.Object({
  ...Common,
  scopes: Type.Array(Type.Object({ scope: Type.String(), count: Type.Integer() }), {
    description: 'That accepted calls asked for',
  }),
  addresses: Type.Array(
    Type.Object({
      secret_id: Type.String(),
      hint: Type.String(),
      ip: Type.String(),
      user_agent: nullable(Type.String()),
      outcome: Type.String(),
      at: Moment,
    }),
    { description: 'The last ones, latest first' },
  ),
})

export const OwnerImpactWire = Type.Object({
  ...Common,
  keys: Type.Object({ live: CountWire }),
  busiest: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      hint: Type.String(),
      last_used_at: nullable(Moment),
      calls_last_day: Type.Integer(),
    }),
    { description: 'Of the ten keys that were used last' },
  ),
})

export function toKeyImpactWire(
  key: Key,
  since: Date,
  outcomes: readonly OutcomeCalls[],
  scopes: readonly ScopeCount[],
  addresses: readonly LastAddress[],
) {
  return {
    ...common(since, outcomes, lastUse(key)?.lastUsedAt ?? null),
    scopes,
    addresses: addresses.map(({ secretId, hint, ip, userAgent, outcome, at }) => ({
      ...{ secret_id: secretId, hint, ip, user_agent: userAgent, outcome },
      at: iso(at),
    })),
  }
}

export function toOwnerImpactWire(
  since: Date,
  outcomes: readonly OutcomeCalls[],
  live: KeyCount,
  keys: readonly Key[],
  calls: ReadonlyMap<string, number>,
) {
  const uses = keys.flatMap((key) => lastUse(key)?.lastUsedAt ?? [])
  const latest = uses.toSorted((a, b) => Number(b) - Number(a))[0] ?? null
  const busiest = keys.map((key) => ({
    id: key.id,
    name: key.name,
    hint: currentSecret(key.secrets).hint,
    last_used_at: iso(lastUse(key)?.lastUsedAt ?? null),
    calls_last_day: calls.get(key.id) ?? 0,
  }))
  return {
    ...common(since, outcomes, latest),
    keys: { live: toCountWire(live) },
    busiest: busiest.toSorted((a, b) => b.calls_last_day - a.calls_last_day),
  }
}

function common(since: Date, outcomes: readonly OutcomeCalls[], lastUsedAt: Date | null) {
  const sum = (accepted: boolean) =>
    outcomes.reduce((n, { outcome, calls }) => n + ((outcome === 'accepted') === accepted ? calls : 0), 0)
  return {
    since: iso(since),
    calls: { accepted: sum(true), refused: sum(false) },
    outcomes,
    last_used_at: iso(lastUsedAt),
  }
}
