import assert from 'node:assert/strict'
import { it } from 'node:test'
import { addSeconds } from '../base/clock.ts'
import type { StoredSecret } from '../secrets/secret.ts'
import { autoRotationAt, isAutoRotationOverdue } from './auto-rotation.ts'

const DAY = 86_400
const MADE = new Date('2030-01-01T12:00:00.000Z')
const on = (day: number) => addSeconds(MADE, day * DAY)
const secret = (expiresAt: Date | null): StoredSecret => ({
  ...{ id: 'sec_1', holderId: 'key_1', hint: 'sk_live_abc1…', createdAt: MADE, expiresAt },
  ...{ retiresAt: null, retiredAt: null, finishWhenSilentSeconds: null, revokedAt: null, exposedAt: null },
  ...{ lastUsedAt: null, lastUsedIp: null, lastUsedUserAgent: null },
})

for (const [what, days, ends, disables, expected] of [
  ['it is not asked to', null, 90, 90, null],
  ['after the days', 30, null, null, 30],
  ['after the days, which come before two thirds of its life', 30, 90, null, 30],
  ['after two thirds of a short life', 30, 6, null, 4],
  ['when the policy’s rotation is due, 30 days before it is disabled', 80, null, 90, 60],
  ['at the earliest of all', 80, 60, 90, 40],
] as const)
  it(`KEY-11: a key is to rotate itself: ${what}`, () => {
    const key = { autoRotateAfterDays: days, disableUnrotatedAt: disables === null ? null : on(disables) }
    const secrets = [secret(ends === null ? null : on(ends))]
    const at = autoRotationAt(key, secrets)
    assert.deepEqual(at, expected === null ? null : on(expected))
    const overdue = (day: number) => isAutoRotationOverdue(key, secrets, on(day))
    const day = expected ?? 1000
    assert.deepEqual([overdue(day + 0.99), overdue(day + 1)], [false, expected !== null])
  })
