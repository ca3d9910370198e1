import assert from 'node:assert/strict'
import test from 'node:test'
import { hashCredential } from '../credential/credential.ts'
import { digestCredential as digest } from '../credential/digest.ts'
import { aRecord, NOW } from '../source/record.fixture.ts'
import { SourceUnavailableError } from '../source/source.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import { Lookups } from './lookups.ts'

type Answers = (CredentialRecord | null | Error)[]

/** A source that answers when the test says so. */
function slowSource() {
  const questions: { hashes: readonly string[]; answer: PromiseWithResolvers<Answers> }[] = []
  const lookup = (hashes: readonly string[]) => {
    const answer = Promise.withResolvers<Answers>()
    questions.push({ hashes, answer })
    return answer.promise
  }
  return { questions, source: { lookup } }
}

const turn = () => new Promise((done) => setImmediate(done))
/** Waits until so many questions were sent, however long the process was stopped before its timers ran. */
async function asked(questions: readonly unknown[], count: number): Promise<void> {
  while (questions.length < count) await turn()
}
const record = aRecord()

function open(joinForMs?: number) {
  const { questions, source } = slowSource()
  const clock = { nowMs: NOW }
  const kept: [hash: string, record: CredentialRecord | null, askedAtMs: number][] = []
  const lookups = new Lookups(
    source,
    () => clock.nowMs,
    (...answer) => kept.push(answer),
    joinForMs,
  )
  return { questions, clock, kept, lookups }
}

test('single-flight: one lookup per hash, and one request for all misses of a turn', async () => {
  const { questions, kept, lookups, clock } = open()
  const waiting = [lookups.record(digest('a')), lookups.record(digest('b')), lookups.record(digest('a'))]
  await turn()
  waiting.push(lookups.record(digest('b')))
  clock.nowMs += 100
  questions[0]?.answer.resolve([record, null])
  assert.deepEqual(await Promise.all(waiting), [record, null, record, null])
  assert.deepEqual(
    questions.map((question) => question.hashes),
    [['a', 'b'].map(hashCredential)],
  )
  assert.deepEqual(
    kept,
    [
      [digest('a'), record, NOW],
      [digest('b'), null, NOW],
    ],
    'with the moment of the question',
  )
})

test('no request has more than 128 hashes', async () => {
  const { questions, lookups } = open()
  for (let i = 0; i < 450; i++) void lookups.record(digest(`${i}`))
  await turn()
  assert.deepEqual(
    questions.map((question) => question.hashes.length),
    [128, 128, 128, 66],
  )
})

test('OPS-08: refuses a flood beyond 10,000 waiting hashes, and still answers the waiting ones', async () => {
  const { questions, lookups } = open()
  const first = lookups.record(digest('0'))
  for (let i = 1; i < 10_000; i++) void lookups.record(digest(`${i}`))
  await assert.rejects(lookups.record(digest('one more')), SourceUnavailableError)
  assert.equal(lookups.record(digest('0')), first, 'who waits for the same needs no room')
  await turn()
  for (const { hashes, answer } of questions) answer.resolve(hashes.map(() => null))
  assert.equal(await first, null)
  await turn()
  const before = questions.length
  void lookups.record(digest('one more'))
  await asked(questions, before + 1)
  assert.deepEqual(questions.at(-1)?.hashes, [hashCredential('one more')])
})

test('KEY-10: a lookup from before a change is repeated, and only the new answer is returned and cached', async () => {
  const { questions, kept, lookups, clock } = open()
  const waiting = lookups.record(digest('a'))
  await turn()
  lookups.invalidate(digest('a'))
  const later = lookups.record(digest('a'))
  clock.nowMs += 10
  questions[0]?.answer.resolve([record])
  await turn()
  await turn()
  assert.equal(questions.length, 2)
  assert.deepEqual(kept, [], 'the answer from before revives nothing')
  questions[1]?.answer.resolve([null])
  assert.deepEqual(await Promise.all([waiting, later]), [null, null])
  assert.deepEqual(kept, [[digest('a'), null, NOW + 10]])
})

test('KEY-10: of what was asked before an owner changed, only its records are asked for again', async () => {
  const { questions, kept, lookups } = open()
  const theirs = aRecord({ ownerId: 'org_changed' })
  const names = ['theirs', 'another’s', 'unknown', 'broken']
  const waiting = names.map((name) => lookups.record(digest(name)))
  waiting[3]?.catch(() => {})
  await turn()
  lookups.invalidateWhere(({ ownerId }) => ownerId === 'org_changed')
  const after = lookups.record(digest('asked after'))
  questions[0]?.answer.resolve([theirs, record, null, new Error('broken')])
  assert.deepEqual([await waiting[1], await waiting[2]], [record, null])
  await asked(questions, 2)
  assert.deepEqual(questions[1]?.hashes, ['asked after', 'theirs'].map(hashCredential))
  assert.ok(!kept.some(([, each]) => each === theirs), 'the answer from before revives nothing')
  const changed = aRecord({ ownerId: 'org_changed', metadata: { is: 'new' } })
  questions[1]?.answer.resolve([theirs, changed])
  assert.deepEqual([await after, await waiting[0]], [theirs, changed], 'a later question knows of the change')
})

test('KEY-10 OPS-08: of very many such changes no more is remembered, and all is asked for again', async () => {
  const { questions, lookups } = open()
  const waiting = lookups.record(digest('a'))
  await turn()
  let compared = 0
  for (let n = 0; n < 5_000; n++)
    lookups.invalidateWhere(() => {
      compared += 1
      return false
    })
  questions[0]?.answer.resolve([record])
  await asked(questions, 2)
  assert.ok(compared <= 100)
  questions[1]?.answer.resolve([record])
  assert.equal(await waiting, record)
})

test('a lookup that is queued in the turn of a change, before the request, is sent once', async () => {
  const { questions, kept, lookups } = open()
  const waiting = lookups.record(digest('a'))
  lookups.invalidate(digest('a'))
  lookups.invalidate(null)
  await turn()
  questions[0]?.answer.resolve([record])
  assert.equal(await waiting, record)
  assert.equal(questions.length, 1)
  assert.equal(kept.length, 1)
})

test('KEY-10: what changes all the time is refused in the end, and never answered from before a change', async () => {
  const { questions, kept, lookups, clock } = open()
  const waiting = lookups.record(digest('a'))
  waiting.catch(() => {})
  for (let n = 0; n < 20; n++) {
    await turn()
    lookups.invalidate(null)
    clock.nowMs += 1_000
    questions[n]?.answer.resolve([record])
    await turn()
  }
  await assert.rejects(waiting, /changes faster/)
  assert.deepEqual(kept, [])
})

test('few misses wait 2 ms for others, many do not', async () => {
  const { questions, lookups, clock } = open()
  void lookups.record(digest('first'))
  await turn()
  assert.equal(questions.length, 1, 'the first is asked for at once')
  void lookups.record(digest('second'))
  await turn()
  assert.equal(questions.length, 1)
  for (let n = 0; n < 31; n++) void lookups.record(digest(`${n}`))
  await asked(questions, 2)
  assert.deepEqual(questions[1]?.hashes.length, 32)
  clock.nowMs += 1
  for (let n = 100; n < 132; n++) void lookups.record(digest(`${n}`))
  await turn()
  assert.equal(questions.length, 3, 'worth a question')
})

test('VER-18: any failure of the source makes it unavailable, and nothing is cached', async () => {
  const failures: [why: string, settle: (answer: PromiseWithResolvers<Answers>) => void][] = [
    ['rejects', (answer) => answer.reject(new Error('boom'))],
    ['rejects with what is no error', (answer) => answer.reject('boom')],
    ['too few answers', (answer) => answer.resolve([])],
    ['too many answers', (answer) => answer.resolve([record, record])],
    ['one that cannot be read', (answer) => answer.resolve([new TypeError('record.kind')])],
  ]
  for (const [why, settle] of failures) {
    const { questions, kept, lookups } = open()
    const waiting = [lookups.record(digest('a')), lookups.record(digest('a'))]
    await turn()
    if (questions[0] !== undefined) settle(questions[0].answer)
    for (const each of waiting) await assert.rejects(each, SourceUnavailableError, why)
    assert.deepEqual(kept, [], why)
    void lookups.record(digest('a'))
    await asked(questions, 2)
  }
})

test('a record that cannot be read does not affect the others', async () => {
  const { questions, kept, lookups } = open()
  const [bad, good] = [lookups.record(digest('bad')), lookups.record(digest('good'))]
  await turn()
  questions[0]?.answer.resolve([new TypeError('record.kind is not known'), record])
  await assert.rejects(bad, /record\.kind is not known/)
  assert.equal(await good, record)
  assert.deepEqual(kept, [[digest('good'), record, NOW]])
})

test('KEY-10: does not use an answer that took more than 5 s', async () => {
  for (const [tookMs, believed] of [
    [5_000, true],
    [5_001, false],
  ] as const) {
    const { questions, clock, kept, lookups } = open()
    const waiting = lookups.record(digest('a'))
    await turn()
    clock.nowMs += tookMs
    questions[0]?.answer.resolve([record])
    if (believed) assert.equal(await waiting, record)
    else await assert.rejects(waiting, SourceUnavailableError)
    assert.equal(kept.length, believed ? 1 : 0)
  }
})

test('KEY-10: no later caller joins a lookup that may be too old; the callers that began it get its answer', async () => {
  const { questions, clock, kept, lookups } = open(500)
  const first = lookups.record(digest('a'))
  await turn()
  clock.nowMs += 499
  const joined = lookups.record(digest('a'))
  clock.nowMs += 1
  const anew = lookups.record(digest('a'))
  await turn()
  assert.equal(lookups.record(digest('a')), anew)
  assert.equal(questions.length, 2)
  questions[1]?.answer.resolve([null])
  assert.equal(await anew, null)
  questions[0]?.answer.resolve([record])
  assert.deepEqual(await Promise.all([first, joined]), [record, record])
  assert.deepEqual(
    kept,
    [[digest('a'), null, NOW + 500]],
    'the older answer does not come over the later one',
  )
  assert.equal(lookups.waiting, 0)
})

test('KEY-10: with maxStalenessMs 0 each call has its own lookup, except those before the request is sent', async () => {
  const { questions, clock, lookups } = open(0)
  const together = [lookups.record(digest('a')), lookups.record(digest('a'))]
  await turn()
  clock.nowMs += 3
  const alone = lookups.record(digest('a'))
  await turn()
  assert.equal(questions.length, 2)
  questions[0]?.answer.resolve([null])
  questions[1]?.answer.resolve([record])
  assert.deepEqual(await Promise.all([...together, alone]), [null, null, record])
})

test('KEY-10: does not use an overtaken answer from before a change', async () => {
  for (const isLaterThere of [false, true]) {
    const { questions, clock, kept, lookups } = open(500)
    const first = lookups.record(digest('a'))
    await turn()
    clock.nowMs += 500
    const later = lookups.record(digest('a'))
    await turn()
    lookups.invalidate(digest('a'))
    questions[isLaterThere ? 1 : 0]?.answer.resolve([record])
    questions[isLaterThere ? 0 : 1]?.answer.resolve([record])
    clock.nowMs += 10
    await turn()
    await turn()
    for (const { answer } of questions.slice(2)) answer.resolve([null])
    assert.deepEqual(await Promise.all([first, later]), [null, null])
    assert.ok(kept.every(([, known]) => known === null))
  }
})
