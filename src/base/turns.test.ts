import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { NoTurnError, Turns } from './turns.ts'

describe('turns', () => {
  const work = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    return { promise, resolve, reject }
  }

  it('OPS-08: no more are under way at once, and the others come in order, also after one that failed', async () => {
    const turns = new Turns({ atOnce: 2, waiting: 10, waitMs: 60_000 })
    const works = Array.from({ length: 5 }, work)
    const begun: number[] = []
    const taken = works.map(({ promise }, n) =>
      turns.take(async () => {
        begun.push(n)
        return await promise
      }),
    )
    const settle = async (n: number, how: 'resolve' | 'reject') => {
      works[n]?.[how]('done')
      await taken[n]?.catch(() => {})
    }
    assert.deepEqual(begun, [0, 1])
    await settle(1, 'reject')
    assert.deepEqual(begun, [0, 1, 2])
    await settle(0, 'resolve')
    await settle(2, 'resolve')
    assert.deepEqual(begun, [0, 1, 2, 3, 4])
    await settle(3, 'resolve')
    await settle(4, 'resolve')
    assert.equal(await turns.take(async () => 'at once'), 'at once')
  })

  it('OPS-08: who waits too long, or comes behind too many, is told so and holds nothing', async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const turns = new Turns({ atOnce: 1, waiting: 1, waitMs: 1_000 })
    const first = work()
    const running = turns.take(() => first.promise)
    const late = turns.take(async () => 'never')
    await assert.rejects(
      turns.take(async () => 'never'),
      NoTurnError,
    )
    mock.timers.tick(1_000)
    await assert.rejects(late, NoTurnError)
    first.resolve('done')
    assert.equal(await running, 'done')
    assert.equal(await turns.take(async () => 'mine'), 'mine')
  })
})
