import { Type } from 'typebox'
import { addSeconds } from '../base/clock.ts'
import { iso, Moment, nullable, oneOf } from '../http/wire.ts'
import type { ScopeUse } from '../keys/scope-use.ts'
import { adviceOf, isSafeToFinish, type Rotation, type StoredSecret, verdictOn } from '../secrets/secret.ts'
import { FinishWhenSilent } from '../secrets/secret.wire.ts'
import type { LastAddress } from './last-address.store.ts'
import type { MinuteOfSecret } from './secret-use.store.ts'
import { ADDRESSES_OF_SECRET } from './usage.ts'

const Text = nullable(Type.String())

export const KeyAddressesWire = Type.Object({
  data: Type.Array(
    Type.Object({
      secret_id: Type.String(),
      hint: Type.String(),
      ip: Type.String(),
      user_agent: Text,
      outcome: Type.String({ description: '`accepted`, or the reason of the refusal' }),
      at: Moment,
    }),
    { description: `The last call from each, latest first; at most ${ADDRESSES_OF_SECRET} of a secret` },
  ),
})

export function toKeyAddressesWire(addresses: readonly LastAddress[]) {
  return {
    data: addresses.map(({ secretId, hint, ip, at, outcome, userAgent }) => ({
      ...{ secret_id: secretId, hint, ip, outcome, at: iso(at) },
      user_agent: userAgent,
    })),
  }
}

/** Minutes of a rotation's view. */
export const MINUTES = 60

/** Verdict on finishing a rotation. */
export const RotationVerdictWire = Type.Object({
  safe_to_finish: Type.Boolean(),
  code: oneOf(['new_secret_unused', 'old_secret_in_use', 'old_secret_quiet', 'old_secret_never_used']),
  reason: Type.String(),
  at: nullable({ ...Moment, description: 'Last use of the old secret, where the code is about one' }),
})

export function toRotationVerdictWire(rotation: Rotation, now: Date) {
  const verdict = verdictOn(rotation, now)
  return {
    safe_to_finish: isSafeToFinish(verdict),
    code: verdict.code,
    reason: adviceOf(rotation, now),
    at: 'usedAt' in verdict ? iso(verdict.usedAt) : null,
  }
}

export const KeyRotationWire = Type.Object({
  key_id: Type.String(),
  as_of: Moment,
  started_at: Moment,
  ends_at: Moment,
  finish_when_silent_seconds: FinishWhenSilent,
  verdict: RotationVerdictWire,
  secrets: Type.Array(
    Type.Object({
      role: oneOf(['old', 'new']),
      id: Type.String(),
      hint: Type.String(),
      created_at: Moment,
      last_used_at: nullable(Moment),
      last_used_ip: Text,
      last_used_user_agent: Text,
      calls_last_hour: Type.Integer({ description: 'Accepted ones' }),
      refused_last_hour: Type.Integer(),
      minutes: Type.Array(Type.Object({ at: Moment, accepted: Type.Integer(), refused: Type.Integer() }), {
        description: `The last ${MINUTES} minutes, the running one included; some seconds late`,
      }),
    }),
    { description: 'The old one and the new one' },
  ),
})

export function toKeyRotationWire(
  keyId: string,
  rotation: Rotation,
  minutes: readonly MinuteOfSecret[],
  { since, now }: { readonly since: Date; readonly now: Date },
) {
  const secretWire = (role: 'old' | 'new', secret: StoredSecret) => {
    const own = minutes.filter(({ secretId }) => secretId === secret.id)
    const counts = new Map(own.map((each) => [each.minute.getTime(), each]))
    const points = Array.from({ length: MINUTES }, (_, at) => {
      const minute = addSeconds(since, at * 60)
      const { accepted = 0, refused = 0 } = counts.get(minute.getTime()) ?? {}
      return { at: iso(minute), accepted, refused }
    })
    return {
      ...{ role, id: secret.id, hint: secret.hint, created_at: iso(secret.createdAt) },
      last_used_at: iso(secret.lastUsedAt),
      last_used_ip: secret.lastUsedIp,
      last_used_user_agent: secret.lastUsedUserAgent,
      calls_last_hour: points.reduce((sum, { accepted }) => sum + accepted, 0),
      refused_last_hour: points.reduce((sum, { refused }) => sum + refused, 0),
      minutes: points,
    }
  }
  return {
    key_id: keyId,
    as_of: iso(now),
    started_at: iso(rotation.next.createdAt),
    ends_at: iso(rotation.endsAt),
    finish_when_silent_seconds: rotation.old.finishWhenSilentSeconds,
    verdict: toRotationVerdictWire(rotation, now),
    secrets: [secretWire('old', rotation.old), secretWire('new', rotation.next)],
  }
}

export const KeyScopeUseWire = Type.Object({
  since: { ...Moment, description: '90 days ago' },
  known_since: nullable({
    ...Moment,
    description: 'Uses by scope are known from here on; null before the first is counted',
  }),
  data: Type.Array(
    Type.Object({
      scope: Type.String(),
      use: oneOf(
        ['used', 'only_implied', 'unused', 'unknown'],
        '`only_implied`: only scopes that it implies were used. `unknown`: no use, and counts do not reach back so far',
      ),
      last_used_on: nullable({ ...Moment, description: 'The start of a day of UTC' }),
      implied_used: Type.Array(Type.String()),
    }),
  ),
  unused: Type.Array(Type.String(), { description: 'The scopes that nothing would miss' }),
})

export function toKeyScopeUseWire(uses: readonly ScopeUse[], since: Date, knownSince: Date | null) {
  return {
    since: iso(since),
    known_since: iso(knownSince),
    data: uses.map(({ scope, use, lastDay, impliedUsed }) => ({
      ...{ scope, use, last_used_on: iso(lastDay) },
      implied_used: [...impliedUsed],
    })),
    unused: uses.flatMap(({ scope, use }) => (use === 'unused' ? [scope] : [])),
  }
}
