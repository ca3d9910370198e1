import assert from 'node:assert/strict'
import test from 'node:test'
import { hashCredential } from '../credential/credential.ts'
import type { ChangesListener } from '../source/changes.ts'
import { aRecord, at, NOW, unknownKey } from '../source/record.fixture.ts'
import type { Ask } from '../verdict/judge.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import { createVerifier } from './verifier.ts'

const ROUNDS = 10_000
const ask: Ask = { scopes: [], environment: 'live', clientIp: null }

/** Waits for turns of the event loop, or of its microtasks only. */
async function wait(turns: number): Promise<void> {
  for (let n = 0; n < turns; n++) await (n % 2 === 0 ? null : new Promise((done) => setImmediate(done)))
}

/** Pseudo-random numbers, the same in each run (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

test('KEY-10: in ten thousand races of a revocation with misses under way, nothing is revived', async () => {
  const roll = dice(20_260_301)
  let listener: ChangesListener | undefined
  const records = new Map<string, CredentialRecord>()
  const source = {
    // The record is as of some time between request and answer, and both take time.
    lookup: async (hashes: readonly string[]) => {
      const [before, after] = [roll(4), roll(6)]
      await wait(before)
      const found = hashes.map((hash) => records.get(hash) ?? null)
      await wait(after)
      return found
    },
    follow: (given: ChangesListener) => {
      listener = given
      return { close: () => {} }
    },
  }
  let nowMs = NOW
  const verifier = createVerifier({ source, now: () => nowMs })
  const outcomes = { raced: 0, before: 0 }

  for (let round = 0; round < ROUNDS; round++) {
    nowMs += 10
    const text = unknownKey()
    const hash = hashCredential(text)
    const isFinal = round % 3 !== 0
    records.set(hash, aRecord({ credentialId: `sec_${round}` }))
    let told = false
    const verifying = async (): Promise<void> => {
      const startedAfter = told
      const { valid } = await verifier.verify(text, ask)
      // A verdict is right to accept only where it was given before this process was notified.
      if (valid) {
        assert.ok(!startedAfter && !told, `round ${round}: a revoked key was accepted`)
        outcomes.before += 1
      } else outcomes.raced += 1
    }
    const all: Promise<void>[] = []
    const calls = 1 + roll(4)
    for (let n = 0; n < calls; n++) {
      all.push(verifying())
      await wait(roll(3))
    }
    const ended = { reason: isFinal ? 'revoked' : 'disabled', at: at(0) } as const
    records.set(hash, aRecord({ credentialId: `sec_${round}`, ended }))
    await wait(roll(5))
    all.push(verifying())
    // As from a socket: in a turn of its own.
    await new Promise<void>((done) =>
      setImmediate(() => {
        told = true
        listener?.changed({ hashes: [hash], ended: isFinal ? ended : null })
        listener?.confirmed(nowMs)
        done()
      }),
    )
    all.push(verifying())
    await Promise.all(all)
    await wait(roll(12))
    const { valid } = await verifier.verify(text, ask)
    assert.equal(valid, false)
  }
  // Both sides of the race occurred many times.
  assert.ok(outcomes.before > 1_000 && outcomes.raced > 1_000, JSON.stringify(outcomes))
})
