import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { Semaphore, SemaphoreTimeoutError } from './semaphore.ts'

describe('semaphore', () => {
  const work = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    return { promise, resolve, reject }
  }

  it('OPS-08: runs so much at once and the rest in order, also after a failure', async () => {
    const semaphore = new Semaphore({ atOnce: 2, waiting: 10, waitMs: 60_000 })
    const works = Array.from({ length: 5 }, work)
    const begun: number[] = []
    const taken = works.map(({ promise }, n) =>
      semaphore.run(async () => {
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
    assert.equal(await semaphore.run(async () => 'at once'), 'at once')
  })

  it('OPS-08: rejects a caller that waits too long or behind too many, and keeps no slot for it', async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const semaphore = new Semaphore({ atOnce: 1, waiting: 1, waitMs: 1_000 })
    const first = work()
    const running = semaphore.run(() => first.promise)
    const late = semaphore.run(async () => 'never')
    await assert.rejects(
      semaphore.run(async () => 'never'),
      SemaphoreTimeoutError,
    )
    mock.timers.tick(1_000)
    await assert.rejects(late, SemaphoreTimeoutError)
    first.resolve('done')
    assert.equal(await running, 'done')
    assert.equal(await semaphore.run(async () => 'mine'), 'mine')
  })
})
