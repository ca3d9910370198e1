import assert from 'node:assert/strict'
import { it } from 'node:test'
import { eventually } from '../../test/eventually.ts'
import { every } from './every.ts'

it('a step of the housekeeping that fails keeps none of the others from being taken', async () => {
  const told: string[] = []
  const steps = [
    async () => told.push('first'),
    async () => {
      throw new Error('broken')
    },
    async () => told.push('last'),
  ]
  const timer = every(1, steps, (error) => told.push((error as Error).message))
  await eventually(async () => told.slice(0, 6).join(' '), 'first broken last first broken last')
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
  const timer = every(1, [step], () => assert.fail())
  await eventually(async () => `${rounds >= 2}`, 'true')
  clearInterval(timer)
  assert.equal(most, 1)
})
