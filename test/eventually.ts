import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is the expected one, for five seconds of real time at most. */
export async function eventually(ask: () => Promise<string>, expected: string): Promise<void> {
  let got = await ask()
  for (let n = 0; n < 250 && got !== expected; n++) {
    await sleep(20)
    got = await ask()
  }
  assert.equal(got, expected)
}
