import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import type { LimitState } from '../verdict/limits.ts'
import type { PresentationFault, Refusal } from '../verdict/refusal.ts'
import { answerTo } from './challenge.ts'

type Reason = (Refusal | PresentationFault)['reason']

const SETTING = { environment: null, presented: null }
const at = new Date(0)
const LIMIT: LimitState = {
  kind: 'rate_limit',
  of: 'key',
  name: 'burst',
  limit: 1,
  windowSeconds: 1,
  remaining: 0,
  resetSeconds: 1,
}
/** Every reason, in the order of the guide's tables. */
const NOES: { readonly [Each in Reason]: Extract<Refusal | PresentationFault, { reason: Each }> | object } = {
  malformed: {},
  unknown: {},
  revoked: { at },
  rotated: { at },
  expired: { at },
  disabled: { at },
  owner_suspended: { at },
  environment_mismatch: { actual: 'test', expected: 'live' },
  wrong_audience: { audiences: [], expected: '' },
  ip_not_allowed: { clientIp: null },
  missing_scope: { missing: ['…'], required: ['…'] },
  rate_limited: { retryAfterSeconds: 1, limit: LIMIT },
  quota_exceeded: { retryAfterSeconds: 1, limit: LIMIT },
  no_credential: {},
  malformed_header: {},
  two_credentials: {},
  credential_in_url: {},
}

test('docs/guides/any-language.md lists every reason with the status and challenge that the guard sends', () => {
  const rows = Object.entries(NOES).map(([reason, evidence]) => {
    const { status, headers } = answerTo({ reason, ...evidence } as Refusal, SETTING)
    const challenge = headers['www-authenticate']
    return `| \`${reason}\` | ${status} | ${challenge === undefined ? 'none; `Retry-After`' : `\`${challenge}\``} |`
  })
  const guide = readFileSync(new URL('../../../docs/guides/any-language.md', import.meta.url), 'utf8')
  const written = guide.split('\n').filter((line) => line.startsWith('| `'))
  assert.deepEqual(written, rows)
})
