import assert from 'node:assert/strict'
import test from 'node:test'
import { aLimit, at } from '../source/record.fixture.ts'
import { explainRefusal } from './explain.ts'
import type { Refusal } from './refusal.ts'

test('VER-01: tells the owner what happened, with its evidence, and what to do', () => {
  const told: [Refusal, message: RegExp, fix: RegExp][] = [
    [{ reason: 'malformed' }, /form or its checksum/, /Copy it again/],
    [{ reason: 'unknown' }, /No such credential/, /rotate/],
    [{ reason: 'revoked', at: at(0) }, /revoked 2026-03-01T12:00:00.000Z/, /new key/],
    [
      { reason: 'revoked', at: at(0) },
      /revoked/,
      /a rotation of the key was undone, use its previous secret/,
    ],
    [{ reason: 'rotated', at: at(0) }, /overlap ended 2026-03-01T12:00:00.000Z/, /newer secret/],
    [{ reason: 'expired', at: at(0) }, /expired 2026-03-01T12:00:00.000Z/, /new key/],
    [{ reason: 'owner_suspended', at: at(0) }, /suspended 2026-03-01T12:00:00.000Z/, /Resume the owner/],
    [{ reason: 'disabled', at: at(0) }, /disabled 2026-03-01T12:00:00.000Z/, /Enable/],
    [{ reason: 'environment_mismatch', actual: 'test', expected: 'live' }, /for test.* to live/, /live/],
    [{ reason: 'ip_not_allowed', clientIp: '203.0.113.7' }, /203\.0\.113\.7/, /allow-list/],
    [{ reason: 'ip_not_allowed', clientIp: null }, /not known/, /trusted proxies/],
    [{ reason: 'missing_scope', missing: ['a:b', 'c:d'], required: ['a:b', 'c:d'] }, /a:b, c:d/, /scopes/],
    [
      { reason: 'rate_limited', retryAfterSeconds: 7, limit: aLimit() },
      /limit burst \(100 in 60 s\)/,
      /7 seconds/,
    ],
    [
      {
        reason: 'quota_exceeded',
        retryAfterSeconds: 60,
        limit: aLimit({ kind: 'quota', of: 'owner', name: 'day' }),
      },
      /quota owner:quota:day/,
      /60 seconds/,
    ],
  ]
  for (const [refusal, message, fix] of told) {
    assert.match(explainRefusal(refusal).message, message)
    assert.match(explainRefusal(refusal).fix, fix)
  }
})
