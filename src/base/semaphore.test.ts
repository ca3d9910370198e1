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

  it('OPS-08: many callers of one group delay another group by one turn, and are displaced by it', async () => {
    const semaphore = new Semaphore({ atOnce: 1, waiting: 5, waitMs: 60_000 })
    const first = work()
    const begun: string[] = []
    const run = (name: string, group: string) =>
      semaphore.run(async () => {
        begun.push(name)
        return await (name === 'a0' ? first.promise : name)
      }, group)
    const ofA = Array.from({ length: 6 }, (_, n) => run(`a${n}`, 'a'))
    await assert.rejects(run('a6', 'a'), SemaphoreTimeoutError)
    const ofB = run('b0', 'b')
    await assert.rejects(ofA[5] as Promise<string>, SemaphoreTimeoutError)
    const ofC = run('c0', 'c')
    await assert.rejects(ofA[4] as Promise<string>, SemaphoreTimeoutError)
    first.resolve('done')
    await Promise.all([...ofA.slice(0, 4), ofB, ofC])
    assert.deepEqual(begun, ['a0', 'a1', 'b0', 'c0', 'a2', 'a3'])
  })
})
