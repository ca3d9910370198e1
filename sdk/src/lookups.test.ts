import assert from 'node:assert/strict'
import test from 'node:test'
import { Lookups } from './lookups.ts'
import { aRecord, NOW } from './record.fixture.ts'
import type { CredentialRecord } from './record.ts'
import { SourceUnavailableError } from './source.ts'

type Answers = (CredentialRecord | null | Error)[]

/** A source that answers when it is told to. */
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
const record = aRecord()

function open() {
  const { questions, source } = slowSource()
  const clock = { nowMs: NOW }
  const kept: [hash: string, record: CredentialRecord | null, askedAtMs: number][] = []
  const lookups = new Lookups(
    source,
    () => clock.nowMs,
    (...answer) => kept.push(answer),
  )
  return { questions, clock, kept, lookups }
}

test('one question per hash, however many wait, and one for all misses of a turn', async () => {
  const { questions, kept, lookups, clock } = open()
  const waiting = [lookups.record('a'), lookups.record('b'), lookups.record('a')]
  await turn()
  waiting.push(lookups.record('b'))
  clock.nowMs += 100
  questions[0]?.answer.resolve([record, null])
  assert.deepEqual(await Promise.all(waiting), [record, null, record, null])
  assert.deepEqual(
    questions.map((question) => question.hashes),
    [['a', 'b']],
  )
  assert.deepEqual(
    kept,
    [
      ['a', record, NOW],
      ['b', null, NOW],
    ],
    'with the moment of the question',
  )
})

test('no question holds more than 200 hashes', async () => {
  const { questions, lookups } = open()
  for (let i = 0; i < 450; i++) void lookups.record(`${i}`)
  await turn()
  assert.deepEqual(
    questions.map((question) => question.hashes.length),
    [200, 200, 50],
  )
})

test('OPS-08: a flood beyond 10,000 waiting hashes is turned away, and what waits is still answered', async () => {
  const { questions, lookups } = open()
  const first = lookups.record('0')
  for (let i = 1; i < 10_000; i++) void lookups.record(`${i}`)
  await assert.rejects(lookups.record('one more'), SourceUnavailableError)
  assert.equal(lookups.record('0'), first, 'who waits for the same needs no room')
  for (const { hashes, answer } of questions) answer.resolve(hashes.map(() => null))
  assert.equal(await first, null)
  await turn()
  void lookups.record('one more')
  await turn()
  assert.deepEqual(questions.at(-1)?.hashes, ['one more'])
})

test('what was asked before a change is used once and not kept, and who comes later asks anew', async () => {
  const { questions, kept, lookups } = open()
  const before = lookups.record('a')
  await turn()
  lookups.forget()
  const after = lookups.record('a')
  await turn()
  assert.equal(questions.length, 2)
  questions[1]?.answer.resolve([null])
  assert.equal(await after, null)
  questions[0]?.answer.resolve([record])
  assert.equal(await before, record)
  assert.deepEqual(kept, [['a', null, NOW]], 'the slow old answer does not revive anything')
})

test('the end of an old question ends no newer one: who comes then joins it', async () => {
  const { questions, lookups } = open()
  const before = lookups.record('a')
  await turn()
  lookups.forget()
  const after = lookups.record('a')
  await turn()
  questions[0]?.answer.resolve([record])
  await before
  await turn()
  assert.equal(lookups.record('a'), after)
  assert.equal(questions.length, 2)
})

test('who asked in the very turn of a change is answered too', async () => {
  const { questions, kept, lookups } = open()
  const waiting = lookups.record('a')
  lookups.forget()
  await turn()
  assert.deepEqual(
    questions.map((question) => question.hashes),
    [['a']],
  )
  questions[0]?.answer.resolve([record])
  assert.equal(await waiting, record)
  assert.deepEqual(kept, [])
})

test('VER-18: whatever the source fails of, it is unavailable, and nothing is kept', async () => {
  const failures: [why: string, settle: (answer: PromiseWithResolvers<Answers>) => void][] = [
    ['rejects', (answer) => answer.reject(new Error('boom'))],
    ['rejects with what is no error', (answer) => answer.reject('boom')],
    ['too few answers', (answer) => answer.resolve([])],
    ['too many answers', (answer) => answer.resolve([record, record])],
    ['one that cannot be read', (answer) => answer.resolve([new TypeError('record.kind')])],
  ]
  for (const [why, settle] of failures) {
    const { questions, kept, lookups } = open()
    const waiting = [lookups.record('a'), lookups.record('a')]
    await turn()
    if (questions[0] !== undefined) settle(questions[0].answer)
    for (const each of waiting) await assert.rejects(each, SourceUnavailableError, why)
    assert.deepEqual(kept, [], why)
    void lookups.record('a')
    await turn()
    assert.equal(questions.length, 2, 'the next asks again')
  }
})

test('a record that cannot be read does not shut out the others', async () => {
  const { questions, kept, lookups } = open()
  const [bad, good] = [lookups.record('bad'), lookups.record('good')]
  await turn()
  questions[0]?.answer.resolve([new TypeError('record.kind is not known'), record])
  await assert.rejects(bad, /record\.kind is not known/)
  assert.equal(await good, record)
  assert.deepEqual(kept, [['good', record, NOW]])
})

test('KEY-10: an answer that took more than 5 s is not believed', async () => {
  for (const [tookMs, believed] of [
    [5_000, true],
    [5_001, false],
  ] as const) {
    const { questions, clock, kept, lookups } = open()
    const waiting = lookups.record('a')
    await turn()
    clock.nowMs += tookMs
    questions[0]?.answer.resolve([record])
    if (believed) assert.equal(await waiting, record)
    else await assert.rejects(waiting, SourceUnavailableError)
    assert.equal(kept.length, believed ? 1 : 0)
  }
})
