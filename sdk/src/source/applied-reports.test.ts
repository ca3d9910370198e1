import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { type AppliedReport, AppliedReports, appliedReportToWire } from './applied-reports.ts'
import { SDK_VERSION } from './sdk-version.ts'

/** Reports to a server that the test plays, with timers that it turns. */
function open(t: TestContext, { pauseMs = 1_000, boundMs = 5_000 as number | null } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = 0
  const sent: { atMs: number; report: AppliedReport; settle: PromiseWithResolvers<number> }[] = []
  const reports = new AppliedReports({
    ...{ name: 'orders', boundMs },
    steady: () => nowMs,
    send: (report) => {
      const settle = Promise.withResolvers<number>()
      sent.push({ atMs: nowMs, report, settle })
      return settle.promise
    },
  })
  const pass = async (ms: number) => {
    for (let n = 0; n < ms; n += 50) {
      nowMs += 50
      t.mock.timers.tick(50)
      await Promise.resolve()
      await new Promise((done) => setImmediate(done))
    }
  }
  const answer = async (n: number, error?: Error) => {
    const found = sent[n]
    assert.ok(found, `there is no report ${n}`)
    if (error === undefined) found.settle.resolve(pauseMs)
    else found.settle.reject(error)
    await pass(50)
  }
  return { reports, sent, pass, answer }
}

test('reports a change at once, further ones once a second with the last of them, and nothing new every ten seconds', async (t) => {
  const { reports, sent, pass, answer } = open(t)
  reports.applied('7.a.1')
  await pass(50)
  await answer(0)
  reports.applied('8.a.1')
  await pass(300)
  reports.applied('9.a.1')
  reports.applied('9.a.1')
  await pass(1_000)
  await answer(1)
  assert.deepEqual(
    sent.map(({ atMs, report }) => [atMs, report.applied, report.appliedAgoMs]),
    [
      [50, '7.a.1', 50],
      [1_050, '9.a.1', 650],
    ],
  )
  await pass(9_500)
  assert.equal(sent.length, 2)
  await pass(1_000)
  assert.deepEqual([sent[2]?.report.applied, sent.length], ['9.a.1', 3])
})

test('an age counts from when the event was applied, not from a later report of the same', async (t) => {
  const { reports, sent, pass, answer } = open(t)
  reports.applied('7.a.1')
  await pass(50)
  await answer(0)
  await pass(10_000)
  assert.equal(sent[1]?.report.appliedAgoMs, sent[1]?.atMs)
  assert.equal(sent[1]?.report.runningMs, sent[1]?.atMs)
})

test('has one report under way, and tells afterwards what has changed meanwhile', async (t) => {
  const { reports, sent, pass, answer } = open(t)
  reports.applied('7.a.1')
  await pass(50)
  reports.applied('8.a.1')
  await pass(20_000)
  assert.equal(sent.length, 1)
  await answer(0)
  await pass(50)
  assert.deepEqual(
    sent.map(({ report }) => report.applied),
    ['7.a.1', '8.a.1'],
  )
})

test('a failed report is sent again, less and less often, and changes that do not cease put none off', async (t) => {
  const { reports, sent, pass, answer } = open(t)
  for (let n = 0; n < 5; n++) {
    for (let m = 0; m < 100 && sent.length === n; m++) {
      reports.applied(`${n * 1_000 + m}.a.1`)
      await pass(200)
    }
    await answer(n, new Error('away'))
  }
  const gaps = sent.slice(1).map(({ atMs }, n) => atMs - (sent[n]?.atMs ?? 0))
  assert.ok(
    gaps.every((gap, n) => gap <= 1_000 * 2 ** (n + 1) + 500 && gap <= 10_500),
    `${gaps}`,
  )
})

test('keeps to the pause of a server with many listeners, spread over it', async (t) => {
  const { reports, sent, pass, answer } = open(t, { pauseMs: 20_000 })
  reports.applied('7.a.1')
  await pass(50)
  await answer(0)
  reports.applied('8.a.1')
  await pass(19_000)
  assert.equal(sent.length, 1)
  await pass(21_500)
  assert.equal(sent[1]?.report.applied, '8.a.1')
})

test('close says that it leaves, after a report that is under way, and nothing else', async (t) => {
  const { reports, sent, pass, answer } = open(t)
  reports.applied('7.a.1')
  await pass(50)
  reports.close()
  reports.close()
  reports.applied('8.a.1')
  await pass(100)
  assert.equal(sent.length, 1)
  await answer(0)
  await pass(30_000)
  assert.deepEqual(
    sent.map(({ report }) => report.isLeaving),
    [false, true],
  )
})

test('without an event nothing is reported, not even that it leaves', async (t) => {
  const { reports, sent, pass } = open(t)
  await pass(30_000)
  reports.close()
  await pass(1_000)
  assert.equal(sent.length, 0)
})

test('the wire form has bounded numbers; a bound that is longer is not known', () => {
  const report = { id: 'a', name: null, applied: '1.a.1', isLeaving: false }
  const long = { ...report, appliedAgoMs: 1e12, runningMs: 1e12, boundMs: 1e12 }
  const wire = appliedReportToWire(long)
  assert.deepEqual(
    [wire.applied_ago_ms, wire.running_ms, wire.bound_ms, wire.sdk_version],
    [2 ** 31 - 1, 2 ** 31 - 1, null, SDK_VERSION],
  )
  assert.equal(appliedReportToWire({ ...long, boundMs: 0.5 }).bound_ms, 1)
})

test('SDK_VERSION is the package’s', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.equal(SDK_VERSION, version)
})
