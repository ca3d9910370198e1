import assert from 'node:assert/strict'
import test from 'node:test'
import { nextPauseMs } from './workers.ts'

test('a worker that ends again and again is replaced ever more rarely, and one that lived at once', () => {
  const pauses: number[] = []
  for (let pause = 0; pauses.length < 10; pauses.push(pause)) pause = nextPauseMs(pause, 100)
  assert.deepEqual(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  assert.equal(nextPauseMs(30_000, 59_999), 30_000)
  assert.equal(nextPauseMs(30_000, 60_000), 250)
})
