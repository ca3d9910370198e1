import assert from 'node:assert/strict'
import { it } from 'node:test'
import { testClock } from '../../test/clock.ts'
import { JobLog } from './job-log.ts'

it('shows when each job last ended well and last failed, and lets the failure through', async () => {
  const clock = testClock()
  let fails = false
  const run = async () => {
    if (fails) throw new Error('broken')
  }
  const jobs = new JobLog(clock, [
    { name: 'sweep', run },
    { name: 'dust', run: async () => {} },
  ])
  assert.deepEqual(jobs.states[0], { name: 'sweep', succeededAt: null, failedAt: null })
  const succeededAt = clock.now()
  for (const step of jobs.steps) await step()
  clock.advance({ seconds: 5 })
  fails = true
  await assert.rejects(async () => await jobs.steps[0]?.(), /broken/)
  assert.deepEqual(jobs.states, [
    { name: 'sweep', succeededAt, failedAt: clock.now() },
    { name: 'dust', succeededAt, failedAt: null },
  ])
})
