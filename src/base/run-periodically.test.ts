import assert from 'node:assert/strict'
import { it } from 'node:test'
import { eventually } from '../../test/eventually.ts'
import { runPeriodically } from './run-periodically.ts'

it('a step that fails does not keep the others from running', async () => {
  const calls: string[] = []
  const steps = [
    async () => calls.push('first'),
    async () => {
      throw new Error('broken')
    },
    async () => calls.push('last'),
  ]
  const timer = runPeriodically(1, steps, (error) => calls.push((error as Error).message))
  await eventually(async () => calls.slice(0, 6).join(' '), 'first broken last first broken last')
  clearInterval(timer)
})

it('rounds do not overlap', async () => {
  let [running, most, rounds] = [0, 0, 0]
  const step = async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, 20))
    running -= 1
    rounds += 1
  }
  const timer = runPeriodically(1, [step], () => assert.fail())
  await eventually(async () => `${rounds >= 2}`, 'true')
  clearInterval(timer)
  assert.equal(most, 1)
})
