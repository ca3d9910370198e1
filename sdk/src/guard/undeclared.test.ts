import assert from 'node:assert/strict'
import test from 'node:test'
import { hashCredential } from '../credential/credential.ts'
import { Records } from '../source/record.fixture.ts'
import { SourceUnavailableError } from '../source/source.ts'
import type { Refusal } from '../verdict/refusal.ts'
import { undeclaredReporter } from './undeclared.ts'

const SETTING = { environment: 'live', resource: 'https://api.example' }
const lacks = (...required: string[]): Refusal => ({ reason: 'missing_scope', missing: required, required })
const MISMATCH: Refusal = { reason: 'environment_mismatch', actual: 'test', expected: 'live' }
const WRONG: Refusal = { reason: 'wrong_audience', audiences: [], expected: 'https://api.example' }

function open(faultOf: (scopes: readonly string[]) => string | null) {
  const asked: unknown[] = []
  const said: string[] = []
  const source = Object.assign(new Records(), {
    whyUndeclared: async (question: { scopes: readonly string[] }) => {
      asked.push(question)
      return faultOf(question.scopes)
    },
  })
  const note = undeclaredReporter(source, SETTING, (error) => said.push(String(error)))
  const settled = () => new Promise((done) => setImmediate(done))
  return { asked, said, note, settled }
}

test('VER-22: asks once about each list of scopes, the resource and the environment, and about nothing else', async () => {
  const { asked, said, note, settled } = open((scopes) =>
    scopes.includes('order:read') ? 'No scope "order:read" is declared.' : null,
  )
  const refusals: Refusal[] = [
    lacks('order:read'),
    lacks('orders:read'),
    lacks('order:read', 'orders:read'),
    WRONG,
    MISMATCH,
    { reason: 'unknown' },
    { reason: 'ip_not_allowed', clientIp: null },
    { reason: 'revoked', at: new Date() },
  ]
  for (let n = 0; n < 3; n++) for (const refusal of refusals) note(refusal, 'a credential')
  await settled()
  const hash = hashCredential('a credential')
  assert.deepEqual(
    asked,
    [['order:read'], ['orders:read'], ['order:read', 'orders:read'], [], []].map((scopes) => ({
      hash,
      scopes,
      ...SETTING,
    })),
  )
  assert.equal(said.length, 2)
  assert.match(
    String(said[0]),
    /^Error: No scope "order:read" is declared\. This API requires it, .* declare it/,
  )
})

test('VER-22: asks again where the source was unavailable, and of a bounded number of lists', async () => {
  let isAway = true
  const { asked, said, note, settled } = open(() => {
    if (isAway) throw new SourceUnavailableError('away')
    return 'No scope is declared.'
  })
  note(WRONG, 'x')
  note(WRONG, 'x')
  await settled()
  isAway = false
  for (let n = 0; n < 3; n++) note(WRONG, 'x')
  await settled()
  assert.deepEqual([asked.length, said.length], [2, 1])
  for (let n = 0; n < 2_000; n++) note(lacks(`orders:x${n}`), 'x')
  await settled()
  assert.equal(asked.length, 1_001)
})
