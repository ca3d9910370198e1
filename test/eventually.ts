import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** However busy the machine: a test that passes does not wait for it. */
const WAIT_MS = 60_000
const POLL_MS = 20

/**
 * Polls until the result is the expected one, for at most a minute of real time. For whatever follows an act after a
 * while: a revocation at another server, a page after a click.
 * @param expected an expression that the result matches, or the result itself
 * @param what was asked, for the error
 */
export async function eventually(ask: () => unknown, expected: unknown, what?: string): Promise<void> {
  const until = performance.now() + WAIT_MS
  for (;;) {
    const got = await ask()
    try {
      if (expected instanceof RegExp) assert.match(String(got), expected)
      else assert.deepEqual(got, expected)
      return
    } catch (error) {
      if (performance.now() > until) throw what === undefined ? error : new Error(what, { cause: error })
    }
    await sleep(POLL_MS)
  }
}
