import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Polls until the result is the expected one, for at most five seconds of real time. */
export async function eventually(ask: () => Promise<string>, expected: string): Promise<void> {
  let got = await ask()
  for (let n = 0; n < 250 && got !== expected; n++) {
    await sleep(20)
    got = await ask()
  }
  assert.equal(got, expected)
}
