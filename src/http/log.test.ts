import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openLog, throttledLog } from './log.ts'

describe('the log', () => {
  const logged = (err: unknown) => {
    const lines: string[] = []
    openLog('info', { write: (line) => lines.push(line) }).warn({ err }, 'no')
    return JSON.parse(lines[0] ?? '')
  }

  it('STO-01: logs type, message, code, stack and causes of an error, and no property that a driver added', () => {
    const driver = Object.assign(new Error('duplicate key value violates unique constraint "users_email"'), {
      code: '23505',
      detail: 'Key (email)=(ann@example.com) already exists.',
      params: ['ann@example.com', 'scrypt$…'],
      query: 'insert into users …',
    })
    const { err } = logged(new Error('it failed', { cause: driver }))
    assert.deepEqual(Object.keys(err), ['type', 'message', 'stack', 'cause'])
    assert.deepEqual(
      [err.cause.type, err.cause.code, err.cause.message],
      ['Error', '23505', 'duplicate key value violates unique constraint "users_email"'],
    )
    assert.ok(!JSON.stringify(err).includes('ann@example.com'))
  })

  it('STO-01: does not repeat a value that Postgres could not parse', () => {
    const error = Object.assign(new Error('invalid input syntax for type bigint: "ann"@example.com"'), {
      code: '22P02',
    })
    assert.equal(logged(error).err.message, 'invalid input syntax for type bigint: "…"')
    assert.ok(!JSON.stringify(logged(error)).includes('@example.com'))
  })

  it('truncates thrown values that are not errors, and circular causes', () => {
    assert.deepEqual(logged('ann@example.com').err, { type: 'string' })
    const circle = new Error('a')
    circle.cause = circle
    assert.ok(JSON.stringify(logged(circle)).length < 10_000)
  })

  it('OPS-09: logs a frequent event once per interval, with the number of omitted lines', () => {
    let nowMs = 0
    const said: number[] = []
    const say = throttledLog(1_000, () => nowMs)
    for (nowMs = 0; nowMs < 2_500; nowMs += 100) say((unsaid) => said.push(unsaid))
    assert.deepEqual(said, [0, 9, 9])
  })
})
