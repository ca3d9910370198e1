import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { addSeconds } from '../base/clock.ts'
import { claimJob, jobStates, renewLease, settleJob } from './job.store.ts'
import { LEASE_SECONDS, MAX_ERROR_LENGTH } from './job.ts'
import { type Job, JobRunner } from './job-runner.ts'

const EVERY_SECONDS = 600

describe('jobs', () => {
  let app: TestApp
  let ran: string[]
  let errors: [message: string, job: string | null][]
  before(async () => {
    app = await openTestApp()
  })
  beforeEach(async () => {
    ran = []
    errors = []
    await app.db.deleteFrom('jobs').execute()
  })
  after(() => app.close())

  const job = (name: string, run: () => Promise<unknown> = async () => {}): Job => ({
    ...{ name, everySeconds: EVERY_SECONDS, summary: 'Sweeps' },
    run: async () => {
      ran.push(name)
      await run()
    },
  })
  const open = async (jobs: readonly Job[], name = 'server_1') => {
    const runner = new JobRunner({
      ...{ db: app.db, clock: app.clock, jobs, name },
      onError: (error, failed) => errors.push([(error as Error).message, failed]),
    })
    await runner.start()
    return runner
  }
  const stateOf = async (name: string) => (await jobStates(app.db, [name]))[0]
  const wait = (seconds: number) => app.clock.advance({ seconds })

  it('each runs once an interval, by one of any number of servers', async () => {
    const jobs = [job('sweep'), job('dust')]
    const servers = await Promise.all(['server_1', 'server_2', 'server_3'].map((name) => open(jobs, name)))
    const round = async () => {
      ran = []
      await Promise.all([...servers, ...servers].map((server) => server.runDue()))
      return ran.toSorted()
    }
    assert.deepEqual(await round(), [], 'the first run is due after one interval')
    wait(EVERY_SECONDS)
    assert.deepEqual(await round(), ['dust', 'sweep'])
    assert.deepEqual(await round(), [])
    wait(EVERY_SECONDS - 1)
    assert.deepEqual(await round(), [])
    wait(1)
    assert.deepEqual(await round(), ['dust', 'sweep'])
    for (const server of servers) server.close()
  })

  it('one that waits for another machine holds up no other of its server', async () => {
    const held = Promise.withResolvers<void>()
    const mails = { ...job('mails', () => held.promise), isRemote: true }
    const server = await open([mails, job('sweep'), job('dust')])
    wait(EVERY_SECONDS)
    const running = server.runDue()
    for (const name of ['sweep', 'dust'])
      await eventually(async () => `${(await stateOf(name))?.succeededAt != null}`, 'true')
    assert.equal((await stateOf('mails'))?.runner, 'server_1')
    held.resolve()
    await running
    assert.equal((await stateOf('mails'))?.runner, null)
    server.close()
  })

  it('a server does one while another does another', async () => {
    const entered = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const hold = async () => {
      entered.resolve()
      await held.promise
    }
    const slow = await open([job('slow', hold)], 'server_1')
    const quick = await open([job('slow'), job('quick')], 'server_2')
    wait(EVERY_SECONDS)
    const running = slow.runDue()
    await entered.promise
    await quick.runDue()
    assert.deepEqual(ran, ['slow', 'quick'])
    assert.equal((await stateOf('slow'))?.runner, 'server_1')
    held.resolve()
    await running
    assert.equal((await stateOf('slow'))?.runner, null)
    for (const server of [slow, quick]) server.close()
  })

  it('one that fails stops no other, shows why, and is tried again sooner', async () => {
    let failure: Error | null = new Error(`broken ${'x'.repeat(1_000)}`)
    const sweep = job('sweep', async () => {
      if (failure !== null) throw failure
    })
    const server = await open([sweep, job('zeal')])
    wait(EVERY_SECONDS)
    const failedAt = app.clock.now()
    await server.runDue()
    assert.deepEqual(ran, ['sweep', 'zeal'])
    assert.deepEqual(errors, [[failure.message, 'sweep']])
    assert.deepEqual(await stateOf('sweep'), {
      ...{ name: 'sweep', everySeconds: EVERY_SECONDS, runner: null, startedAt: failedAt, succeededAt: null },
      ...{ failedAt, failures: 1, tookMs: 0, error: failure.message.slice(0, MAX_ERROR_LENGTH) },
      nextRunAt: addSeconds(failedAt, 30),
    })
    failure = null
    wait(30)
    await server.runDue()
    const { failures, error, nextRunAt } = (await stateOf('sweep')) ?? {}
    assert.deepEqual([failures, error], [0, null])
    assert.deepEqual(nextRunAt, addSeconds(app.clock.now(), EVERY_SECONDS))
    server.close()
  })

  it('a run that its server left is taken over when its lease is over, and then settles nothing', async () => {
    const server = await open([job('sweep')], 'server_2')
    wait(EVERY_SECONDS)
    const left = await claimJob(app.db, ['sweep'], 'server_1', app.clock.now())
    assert.ok(left !== null)
    wait(LEASE_SECONDS - 1)
    assert.equal(await renewLease(app.db, left, app.clock.now()), true)
    wait(LEASE_SECONDS - 1)
    await server.runDue()
    assert.deepEqual(ran, [], 'a lease that was renewed holds')
    wait(1)
    await server.runDue()
    assert.deepEqual(ran, ['sweep'])
    const before = await stateOf('sweep')
    assert.equal(await renewLease(app.db, left, app.clock.now()), false)
    await settleJob(app.db, left, { now: app.clock.now(), tookMs: 1, error: 'late' })
    assert.deepEqual(await stateOf('sweep'), before)
    server.close()
  })

  it('a moment that a wrong clock wrote far ahead does not stop one', async () => {
    const server = await open([job('sweep')])
    const ahead = addSeconds(app.clock.now(), 365 * 86_400)
    await app.db.updateTable('jobs').set({ next_run_at: ahead, lease_until: ahead }).execute()
    await server.runDue()
    assert.deepEqual(ran, ['sweep'])
    server.close()
  })

  it('a closed server starts none', async () => {
    const server = await open([job('sweep')])
    wait(EVERY_SECONDS)
    server.close()
    await server.runDue()
    assert.deepEqual(ran, [])
  })

  it('a changed interval holds from the next run on', async () => {
    const first = await open([job('sweep')])
    const changed = await open([{ ...job('sweep'), everySeconds: 60 }])
    assert.equal((await stateOf('sweep'))?.everySeconds, 60)
    for (const server of [first, changed]) server.close()
  })
})
