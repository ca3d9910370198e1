import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hashCredential } from '../credential/credential.ts'
import type { ChangesListener } from '../source/changes.ts'
import { aRecord, at, NOW, Records, unknownKey } from '../source/record.fixture.ts'
import { type CredentialSource, SourceUnavailableError } from '../source/source.ts'
import { UsageCounter } from '../source/usage.ts'
import type { Ask, Verdict } from '../verdict/judge.ts'
import { createVerifier, type VerifierOptions } from './verifier.ts'

const ask: Ask = { scopes: ['orders:read'], environment: 'live', clientIp: '203.0.113.7' }

function open() {
  const clock = { nowMs: NOW }
  const records = new Records()
  const usage = new UsageCounter()
  const verifier = createVerifier({ source: records, usage, now: () => clock.nowMs })
  return { clock, records, usage, verifier }
}

function reasonOf(verdict: Verdict): string {
  return verdict.valid ? 'accepted' : verdict.refusal.reason
}

test('looks up once, and answers at once while the record is fresh', async () => {
  const { clock, records, verifier } = open()
  const key = records.add()
  assert.ok(verifier.verify(key, ask) instanceof Promise)
  assert.equal((await verifier.verify(key, ask)).valid, true)
  clock.nowMs += 4_999
  const warm = verifier.verify(key, ask)
  assert.ok(!(warm instanceof Promise) && warm.valid)
  assert.deepEqual(records.questions, [[hashCredential(key)]])
})

test('KEY-03: refuses noise at once, without a lookup', () => {
  const { records, verifier } = open()
  for (const text of ['', 'sk_live_x', `${unknownKey()}x`, 'x'.repeat(1e6), '\0'])
    assert.deepEqual(verifier.verify(text, ask), { valid: false, refusal: { reason: 'malformed' } })
  assert.deepEqual(records.questions, [])
})

test('VER-16: caches an unknown key as it does a known one (negative cache)', async () => {
  const { clock, records, verifier } = open()
  const key = unknownKey()
  assert.equal(reasonOf(await verifier.verify(key, ask)), 'unknown')
  assert.deepEqual(verifier.verify(key, ask), { valid: false, refusal: { reason: 'unknown' } })
  clock.nowMs += 5_000
  records.put(key, aRecord())
  assert.equal(reasonOf(await verifier.verify(key, ask)), 'accepted')
})

test('single-flight: a hundred calls at once are one lookup, and so are a hundred keys', async () => {
  const { records, verifier } = open()
  const key = records.add()
  const keys = Array.from({ length: 100 }, () => records.add())
  await Promise.all(
    [...keys, ...Array.from({ length: 100 }, () => key)].map((each) => verifier.verify(each, ask)),
  )
  assert.deepEqual(
    records.questions.map((question) => question.length),
    [101],
  )
})

test('KEY-10: what ends a key is seen within 5 s, and a deadline at its very second', async () => {
  const { clock, records, verifier } = open()
  const key = records.add({ expiresAt: at(3) })
  const seen: string[] = []
  for (const seconds of [0, 2.999, 3]) {
    clock.nowMs = NOW + seconds * 1000
    seen.push(reasonOf(await verifier.verify(key, ask)))
  }
  assert.deepEqual(seen, ['accepted', 'accepted', 'expired'])

  const other = records.add({ credentialId: 'sec_2' })
  await verifier.verify(other, ask)
  records.put(other, aRecord({ ended: { reason: 'revoked', at: at(3) } }))
  clock.nowMs += 4_999
  assert.equal(reasonOf(await verifier.verify(other, ask)), 'accepted')
  clock.nowMs += 1
  assert.equal(reasonOf(await verifier.verify(other, ask)), 'revoked')
})

test('KEY-10: an answer that was under way when everything was forgotten is asked for again', async () => {
  const { records } = open()
  const key = records.add()
  const questions: PromiseWithResolvers<void>[] = []
  const lookup = async (hashes: readonly string[]) => {
    const found = await records.lookup(hashes)
    const slow = Promise.withResolvers<void>()
    questions.push(slow)
    await slow.promise
    return found
  }
  const asked = async (count: number) => {
    while (questions.length < count) await new Promise((turn) => setTimeout(turn, 1))
  }
  const verifier = createVerifier({ source: { lookup }, now: () => NOW })
  const before = verifier.verify(key, ask)
  await asked(1)
  records.put(key, aRecord({ ended: { reason: 'revoked', at: at(0) } }))
  verifier.forgetAll()
  const after = verifier.verify(key, ask)
  questions[0]?.resolve()
  await asked(2)
  questions[1]?.resolve()
  assert.deepEqual([reasonOf(await before), reasonOf(await after)], ['revoked', 'revoked'])
  assert.equal(questions.length, 2)
})

test('looks up again after forgetAll', async () => {
  const { records, verifier } = open()
  const key = records.add()
  await verifier.verify(key, ask)
  records.put(key, aRecord({ ended: { reason: 'disabled', at: at(0) } }))
  verifier.forgetAll()
  assert.equal(reasonOf(await verifier.verify(key, ask)), 'disabled')
})

test('VER-18: a source that fails never leads to acceptance; a fresh record is still used, for at most 5 s', async () => {
  const { clock, records, verifier } = open()
  const [warm, cold] = [records.add(), records.add()]
  await verifier.verify(warm, ask)
  records.failure = new Error('connection refused')
  await assert.rejects(async () => verifier.verify(cold, ask), SourceUnavailableError)
  assert.equal(reasonOf(await verifier.verify(warm, ask)), 'accepted')
  clock.nowMs += 5_000
  await assert.rejects(async () => verifier.verify(warm, ask), SourceUnavailableError)
  records.failure = null
  assert.equal(reasonOf(await verifier.verify(cold, ask)), 'accepted', 'the failure itself is not remembered')
})

test('a verifier that has only the hash gets the same verdict, and a text that is not a hash causes no lookup', async () => {
  const { records, verifier } = open()
  const key = records.add()
  assert.equal(reasonOf(await verifier.verifyHash(hashCredential(key), ask)), 'accepted')
  assert.equal(reasonOf(await verifier.verify(key, ask)), 'accepted')
  for (const text of ['', key, hashCredential(key).toUpperCase(), `${hashCredential(key)}0`])
    assert.equal(reasonOf(await verifier.verifyHash(text, ask)), 'malformed')
  assert.equal(records.questions.length, 1)
})

test('each verification counts, warm or cold, unknown credentials all together; a dry run does not', async () => {
  const { records, usage, verifier } = open()
  const key = records.add()
  const call = { userAgent: 'curl/8' }
  await verifier.verify(key, ask, call)
  await verifier.verify(key, ask, call)
  await verifier.verify(key, { ...ask, scopes: ['orders:write'] }, call)
  await verifier.verify(key, ask, { dryRun: true })
  await verifier.verify(unknownKey(), ask, call)
  await verifier.verify(unknownKey(), ask, call)
  await verifier.verify(unknownKey(), ask, { dryRun: true })
  await verifier.verify('noise', ask, call)
  const counted = usage
    .take()
    ?.items.map(({ credentialId, outcome, scope, count, lastIp, lastUserAgent }) => {
      assert.deepEqual([lastIp, lastUserAgent], ['203.0.113.7', 'curl/8'])
      return `${credentialId} ${outcome} ${scope} ${count}`
    })
  assert.deepEqual(counted?.sort(), [
    'null unknown  2',
    'sec_1 accepted orders:read 2',
    'sec_1 missing_scope orders:write 1',
  ])
})

test('VER-05: the same key asked about in two environments is judged for each, from one record', async () => {
  const { records, verifier } = open()
  const key = records.add()
  await verifier.verify(key, ask)
  assert.equal(reasonOf(await verifier.verify(key, { ...ask, environment: 'test' })), 'environment_mismatch')
  assert.equal(reasonOf(await verifier.verify(key, ask)), 'accepted')
})

test('KEY-10: whenever a key is revoked, no verdict is valid 5 s later', async () => {
  const steps = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(steps, fc.nat({ max: 11 }), async (waits, revokedBefore) => {
      const { clock, records, verifier } = open()
      const key = records.add()
      let revokedAtMs = Number.POSITIVE_INFINITY
      for (const [step, waitMs] of waits.entries()) {
        if (step === revokedBefore) {
          revokedAtMs = clock.nowMs
          const ended = { reason: 'revoked', at: new Date(revokedAtMs) } as const
          records.put(key, aRecord({ ended }))
        }
        const { valid } = await verifier.verify(key, ask)
        if (clock.nowMs < revokedAtMs) assert.equal(valid, true)
        if (clock.nowMs >= revokedAtMs + 5_000) assert.equal(valid, false)
        clock.nowMs += waitMs
      }
    }),
    { numRuns: 200 },
  )
})

/** A source that notifies of changes when the test says so. */
function withFeed(options: Partial<VerifierOptions> = {}) {
  const clock = { nowMs: NOW }
  const records = new Records()
  const heard: { listener?: ChangesListener; closed: boolean } = { closed: false }
  const source: CredentialSource = {
    lookup: (hashes) => records.lookup(hashes),
    follow: (listener) => {
      heard.listener = listener
      const close = () => {
        heard.closed = true
      }
      return { close }
    },
  }
  const verifier = createVerifier({ source, now: () => clock.nowMs, ...options })
  const feed = () => heard.listener as ChangesListener
  return { clock, records, heard, verifier, feed }
}

test('with a feed a record is looked up once; without confirmations, again after 5 s', async () => {
  const { clock, records, verifier, feed } = withFeed()
  const key = records.add()
  await verifier.verify(key, ask)
  for (let second = 1; second <= 60; second++) {
    clock.nowMs += 1_000
    feed().confirmed(clock.nowMs)
    assert.equal(reasonOf(await verifier.verify(key, ask)), 'accepted')
  }
  assert.equal(records.questions.length, 1)
  assert.equal(verifier.health().confirmedAgoMs, 0)
  clock.nowMs += 5_000
  await verifier.verify(key, ask)
  assert.equal(records.questions.length, 2)
  assert.equal(verifier.health().confirmedAgoMs, 5_000)
})

test('KEY-10: what the feed says holds at once, without a question; what it says of all has all asked for', async () => {
  const { records, verifier, feed } = withFeed()
  const [key, other] = [records.add(), records.add({ credentialId: 'sec_2' })]
  await Promise.all([verifier.verify(key, ask), verifier.verify(other, ask)])
  feed().changed({ hashes: [hashCredential(key)], ended: { reason: 'revoked', at: at(0) } })
  const refused = verifier.verify(key, ask)
  assert.ok(!(refused instanceof Promise))
  assert.equal(reasonOf(refused), 'revoked')
  assert.ok(!(verifier.verify(other, ask) instanceof Promise), 'the other one is as it was')
  feed().changed({ hashes: [hashCredential(other)], ended: null })
  assert.ok(verifier.verify(other, ask) instanceof Promise)
  await verifier.verify(other, ask)
  feed().changed({ hashes: null, ended: null })
  assert.ok(verifier.verify(other, ask) instanceof Promise)
})

test('after a long silence of the feed, looks up again what was cached before', async () => {
  const { clock, records, verifier, feed } = withFeed()
  const key = records.add()
  feed().confirmed(NOW)
  await verifier.verify(key, ask)
  clock.nowMs += 60_001
  feed().confirmed(clock.nowMs)
  assert.ok(verifier.verify(key, ask) instanceof Promise)
})

test('VER-18: uses stale records only where configured, only while the source is unreachable, and for a bounded time', async () => {
  const stale: unknown[] = []
  const { clock, records, verifier } = withFeed({
    staleIfUnreachableMs: 10_000,
    onStale: (error) => stale.push(error),
  })
  const [key, never] = [records.add(), records.add()]
  await verifier.verify(key, ask)
  assert.equal(verifier.health().boundMs, 15_000)
  records.failure = new Error('connection refused')
  clock.nowMs += 14_999
  assert.equal(reasonOf(await verifier.verify(key, ask)), 'accepted')
  assert.equal(stale.length, 1)
  await assert.rejects(async () => verifier.verify(never, ask), SourceUnavailableError)
  clock.nowMs += 1
  await assert.rejects(async () => verifier.verify(key, ask), SourceUnavailableError)
  records.failure = null
  records.put(key, aRecord({ ended: { reason: 'revoked', at: at(0) } }))
  assert.equal(reasonOf(await verifier.verify(key, ask)), 'revoked')
  assert.throws(() => createVerifier({ source: records, staleIfUnreachableMs: -1 }), RangeError)
})

test('KEY-10: a stale record is not used where a change arrived during the lookup', async () => {
  const { clock, records, verifier, feed } = withFeed({ staleIfUnreachableMs: 10_000, onStale: () => {} })
  const [revoked, narrowed] = [records.add(), records.add()]
  for (const key of [revoked, narrowed]) await verifier.verify(key, ask)
  records.failure = new Error('connection refused')
  clock.nowMs += 6_000
  const [one, other] = [verifier.verify(revoked, ask), verifier.verify(narrowed, ask)]
  feed().changed({ hashes: [hashCredential(revoked)], ended: { reason: 'revoked', at: at(6) } })
  feed().changed({ hashes: [hashCredential(narrowed)], ended: null })
  assert.equal(reasonOf(await one), 'revoked')
  await assert.rejects(async () => other, SourceUnavailableError)
})

test('KEY-08: a clock on the wall that is put right is followed, though ages are not measured by it', async () => {
  const wall = { nowMs: NOW }
  const steadyMs = 123
  const { records, verifier, feed } = withFeed({ now: () => wall.nowMs, steady: () => steadyMs })
  const key = records.add({ expiresAt: at(60) })
  await verifier.verify(key, ask)
  wall.nowMs += 3_600_000
  feed().confirmed(steadyMs)
  const verdict = verifier.verify(key, ask)
  assert.ok(!(verdict instanceof Promise))
  assert.equal(reasonOf(verdict), 'expired')
})

test('stops following changes once closed', () => {
  const { heard, verifier } = withFeed()
  verifier.close()
  assert.equal(heard.closed, true)
})
