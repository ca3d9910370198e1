import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { StoredChange } from '../changes/change.ts'
import { ChangeLag } from './change-lag.ts'

const START = Date.parse('2030-01-01T00:00:00Z')

/** A change that was requested at some ms after the start. */
function change(atMs: number, more: Partial<StoredChange> = {}): StoredChange {
  const at = new Date(START + atMs)
  const ended = { reason: 'revoked', at } as const
  const same = { position: 1, token: 't', hashes: [], holders: null }
  return { ...same, at, action: 'key.revoked', ended, ...more }
}

it('measures changes that end or stop a credential, by percentile, over the last thousand', () => {
  let nowMs = START
  const lag = new ChangeLag(() => nowMs)
  assert.equal(lag.read(), null)
  for (const action of ['key.created', 'key.changed', 'key.enabled', 'owner.resumed'])
    lag.changed(change(0, { action, ended: null }))
  assert.equal(lag.read(), null)
  for (let n = 1; n <= 100; n++) {
    nowMs = START + n
    lag.changed(n % 2 === 0 ? change(0) : change(0, { action: 'key.disabled', ended: null }))
  }
  assert.deepEqual(lag.read(), { changes: 100, p50Ms: 50, p99Ms: 99, since: new Date(START) })
  for (let n = 0; n < 1_000; n++) lag.changed(change(nowMs - START + 5))
  assert.deepEqual(lag.read(), { changes: 1_000, p50Ms: 0, p99Ms: 0, since: new Date(nowMs + 5) })
})
