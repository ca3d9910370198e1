import assert from 'node:assert/strict'
import test from 'node:test'
import { NOW } from './record.fixture.ts'
import { warnSparingly } from './warn.ts'

test('the same warning comes once a minute, and another one at once', (t) => {
  const emitWarning = t.mock.method(process, 'emitWarning', () => {})
  const clock = { nowMs: NOW }
  const warn = warnSparingly(() => clock.nowMs)
  const said = () => emitWarning.mock.calls.map(({ arguments: [message] }) => message)

  warn(new Error('down'))
  warn(new Error('down'))
  warn('refused')
  assert.deepEqual(said(), ['down', 'refused'])
  clock.nowMs += 59_999
  warn(new Error('down'))
  clock.nowMs += 1
  warn(new Error('down'))
  assert.deepEqual(said(), ['down', 'refused', 'down'])
})
