import assert from 'node:assert/strict'
import { it } from 'node:test'
import { secondsToNextRun } from './job.ts'

for (const [everySeconds, failures, seconds] of [
  [600, 0, 600],
  [600, 1, 30],
  [600, 2, 60],
  [600, 5, 480],
  [600, 6, 600],
  [600, 1_000_000, 600],
  [10, 1, 10],
  [86_400, 4, 240],
] as const)
  it(`a job of every ${everySeconds} s runs again ${seconds} s after failure ${failures}`, () => {
    assert.equal(secondsToNextRun(everySeconds, failures), seconds)
  })
