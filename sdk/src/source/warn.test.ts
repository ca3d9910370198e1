import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { NOW } from './record.fixture.ts'
import { warnSparingly } from './warn.ts'

test('gives the same warning once a minute, and another one at once', (t) => {
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

test('the default warning names the causes of an error, and shows nothing of an unreadable answer', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:9'), { code: 'ECONNREFUSED' })
  const circle = new Error('round')
  circle.cause = circle
  const cases: [error: unknown, said: string][] = [
    [new Error('away', { cause: refused }), 'away: connect ECONNREFUSED ::1:9'],
    [
      new Error('away', { cause: new AggregateError([refused], '') }),
      'away: Error: connect ECONNREFUSED ::1:9',
    ],
    [new Error('odd', { cause: new SyntaxError('Unexpected "secret"') }), 'odd: invalid JSON'],
    [circle, 'round'],
    ['a text', 'a text'],
  ]
  for (const [error, said] of cases) {
    const warned = once(process, 'warning')
    warnSparingly(() => 0)(error)
    const [warning] = await warned
    assert.deepEqual([warning.name, warning.message], ['DoorwardWarning', said])
  }
})
