import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { openMailServer } from '../../test/mail-server.ts'
import { mailerTo, passOf, roundOf } from '../../test/notice-rounds.ts'
import { JOBS, mailJobs } from '../all-jobs.ts'
import { addSeconds } from '../base/clock.ts'
import { JobRunner } from '../jobs/job-runner.ts'
import { recordSecretUse } from '../secrets/secret.store.ts'
import { claimDueNotices } from './claim-notices.ts'

const DAY = 24 * 3600

describe('notices', () => {
  let app: TestApp
  let owner = ''
  let owners = 0
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())
  beforeEach(async () => {
    owner = `org_${++owners}`
    await app.db.deleteFrom('mails').execute()
    await app.db.deleteFrom('notices').execute()
    await app.db
      .updateTable('secrets')
      .set({ revoked_at: app.clock.now() })
      .where((eb) => eb.or([eb('holder_id', 'like', 'key_%'), eb('expires_at', 'is not', null)]))
      .execute()
    const made = await app.keyFor(owner, { expires_at: inDays(1000) })
    await app.call('POST', `/v1/keys/${made.id}/revoke`, { reason: 'only the owner is wanted' })
    await app.call('PATCH', `/v1/owners/${owner}`, { name: 'Acme', notice_contacts: ['ops@acme.example'] })
  })

  const inDays = (days: number) => addSeconds(app.clock.now(), days * DAY).toISOString()
  const round = (port: number | null) => roundOf(app, port)
  const pass = (days: number, port: number | null, { stepHours = 12 } = {}) =>
    passOf(app, days, port, stepHours)
  const subjects = (server: { received: readonly { subject: string }[] }) =>
    server.received.map(({ subject }) => subject)
  const mails = async (query = '') => (await app.call('GET', `/v1/mails${query}`)).body.data
  const eventsOf = async (id: string) =>
    (await app.call('GET', '/v1/audit-events?action=key.expired')).body.data.filter(
      ({ target_id }: { target_id: string }) => target_id === id,
    )

  it('keys walk to their ends with one at each tier, over restarts, from two servers, past a mail server that is down, slow and refuses one', async (t) => {
    const server = await openMailServer(t, { refused: ['gone@acme.example'] })
    const contacts = (id: string, ...notice_contacts: string[]) =>
      app.call('PATCH', `/v1/owners/${id}`, { notice_contacts })
    await contacts(owner, 'ops@acme.example', 'gone@acme.example')
    const key = await app.keyFor(owner, { name: 'exporter', expires_at: inDays(90) })
    const quiet = await app.keyFor(`${owner}_quiet`, { name: 'quiet', expires_at: inDays(90) })
    await contacts(`${owner}_quiet`, 'quiet@acme.example')
    const used = await app.keyFor(`${owner}_used`, { name: 'used', expires_at: inDays(90) })
    await contacts(`${owner}_used`, 'used@acme.example')

    const mailing = { mailer: mailerTo(server.port), publicUrl: 'http://doorward.test' }
    const jobs = [
      ...JOBS.filter(({ name }) => ['record_expired_keys', 'claim_notices'].includes(name)),
      ...mailJobs(mailing, app.clock),
    ]
    const errors: unknown[] = []
    const open = async (name: string) => {
      const onError = (error: unknown) => errors.push(error)
      const runner = new JobRunner({ db: app.db, clock: app.clock, jobs, name, onError })
      await runner.start()
      return runner
    }
    let servers: readonly JobRunner[] = await Promise.all([open('one'), open('two')])
    t.after(() => servers.map((each) => each.close()))
    const oldOfUsed = (await app.call('GET', `/v1/keys/${used.id}`)).body.secrets[0].id
    let isRotated = false
    /** Both servers do what is due after each step, and one of them is started anew each day. */
    const walk = async (days: number, stepHours = 12) => {
      for (let hours = stepHours; hours <= days * 24; hours += stepHours) {
        app.clock.advance({ hours: stepHours })
        if (isRotated) await use(oldOfUsed)
        await Promise.all(servers.map((each) => each.runDue()))
        if (hours % 24 !== 0) continue
        servers[0]?.close()
        servers = [...servers.slice(1), await open(`again ${hours}`)]
      }
    }
    server.answersAfterMs = 100
    await walk(55, 24)
    await walk(15)
    for (const { id } of [quiet, used])
      await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 20 * DAY, expires_at: inDays(300) })
    isRotated = true
    await walk(12)
    server.answersAfterMs = 0
    await server.stop()
    await walk(1)
    const waiting = (await mails(`?state=waiting&owner_id=${owner}`)).find(
      ({ to }: { to: string }) => to === 'ops@acme.example',
    )
    assert.match(waiting.answer, /ECONNREFUSED/)
    await server.start()
    await walk(12)

    const of = (name: string) =>
      server.received.filter(({ to }) => to.includes(`${name}@acme.example`)).map(({ subject }) => subject)
    assert.deepEqual(of('ops'), [
      'API key "exporter" expires in 30 days',
      'API key "exporter" expires in 7 days',
      'API key "exporter" expires in 1 day',
      'API key "exporter" has expired',
    ])
    assert.deepEqual(of('quiet'), ['API key "quiet" expires in 30 days'])
    assert.deepEqual(of('used'), [
      'API key "used" expires in 30 days',
      'The old secret of API key "used" is still in use and stops working in 7 days',
      'The old secret of API key "used" is still in use and stops working in 1 day',
    ])
    const sent = await mails(`?state=sent&owner_id=${owner}`)
    assert.ok(
      sent.some(({ id, attempts }: { id: string; attempts: number }) => id === waiting.id && attempts > 1),
    )
    const ids = server.received.map(({ messageId }) => messageId)
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.includes(`<${waiting.id}@tidewater.example>`))
    const refused = await mails(`?state=refused&owner_id=${owner}`)
    assert.deepEqual(
      refused.map(({ to }: { to: string }) => to),
      Array(4).fill('gone@acme.example'),
    )
    const told = server.received.find(({ subject }) => subject.includes('old secret'))
    assert.match(told?.raw ?? '', /203\.0\.113\.9/)
    for (const { raw } of server.received)
      for (const { secret } of [key, quiet, used]) assert.ok(!raw.includes(secret))
    const [event, ...more] = await eventsOf(key.id)
    assert.deepEqual([event.actor.kind, more.length, errors], ['system', 0, []])
  })

  it('a mail whose sender stopped before it stored that it had sent goes again under the same Message-ID', async (t) => {
    const server = await openMailServer(t)
    await app.keyFor(owner, { expires_at: inDays(60) })
    app.clock.advance({ days: 30 })
    await round(server.port)
    await app.db
      .updateTable('mail_deliveries')
      .set({ state: 'waiting', next_attempt_at: addSeconds(app.clock.now(), 120) })
      .execute()
    await round(server.port)
    assert.equal(server.received.length, 1, 'the lease of the server that stopped still runs')
    app.clock.advance({ seconds: 120 })
    await round(server.port)
    const [first, second] = server.received.map(({ messageId }) => messageId)
    assert.ok(first !== '' && first === second)
  })

  it('one refused recipient stops no other, and after three days what cannot be sent is given up', async (t) => {
    const server = await openMailServer(t, { refused: ['gone@acme.example'], putOff: ['full@acme.example'] })
    const contacts = ['gone@acme.example', 'full@acme.example', 'ops@acme.example']
    await app.call('PATCH', `/v1/owners/${owner}`, { notice_contacts: contacts })
    await app.keyFor(owner, { expires_at: inDays(60) })
    await pass(34, server.port)
    const states = (await mails()).map(({ to, state, answer }: Record<string, string>) => [to, state, answer])
    assert.deepEqual(states.sort(), [
      ['full@acme.example', 'given_up', '451 try again later'],
      ['gone@acme.example', 'refused', '550 no such mailbox'],
      ['ops@acme.example', 'sent', '250 OK: message queued'],
    ])
    assert.equal(server.received.length, 1)
  })

  it('many that are due on one day go in one mail to an owner', async (t) => {
    const server = await openMailServer(t)
    for (let n = 0; n < 12; n++)
      await app.keyFor(owner, { name: `key ${n}`, expires_at: inDays(60 + n / 12.1) })
    await pass(62, server.port, { stepHours: 2 })
    const all = '12 credentials of Acme need your attention'
    // Notices of the end itself are never sent ahead: those of the same day wait for the next mail.
    const ended = ['API key "key 0" has expired', '11 credentials of Acme need your attention']
    assert.deepEqual(subjects(server), [all, all, all, ...ended])
    for (let n = 0; n < 12; n++) assert.ok(server.received[0]?.raw.includes(`"key ${n}"`), `key ${n}`)
  })

  it('are silent after a rotation whose old secret is quiet, and say who still uses it where it is not', async (t) => {
    const server = await openMailServer(t)
    const quiet = await app.keyFor(owner, { name: 'quiet', expires_at: inDays(60) })
    const used = await app.keyFor(owner, { name: 'used', expires_at: inDays(60) })
    app.clock.advance({ days: 20 })
    for (const { id } of [quiet, used])
      await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 20 * DAY })
    app.clock.advance({ hours: 1 })
    const oldId = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body.secrets.at(-1).id
    await use(await newId(quiet.id))
    await pass(18, server.port)
    assert.deepEqual(subjects(server), [])
    app.clock.advance({ hours: 1 })
    await use(await oldId(used.id))
    app.clock.advance({ hours: 2 })
    await round(server.port)
    const [mail] = server.received
    assert.match(
      mail?.subject ?? '',
      /^The old secret of API key "used" is still in use and stops working in/,
    )
    const { body } = await app.call('GET', `/v1/mails/${(await mails('?state=sent'))[0].id}`)
    assert.match(body.text, /Move these callers: last from 203\.0\.113\.9, exporter\/1\.4, 2 h ago\./)
    assert.match(body.text, /The new secret has not been used yet\./)
    await pass(5, server.port)
    assert.equal(server.received.length, 2, 'the tier of a day, and nothing once the old secret has ended')
  })

  const newId = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body.secrets[0].id
  const use = async (secretId: string) =>
    await recordSecretUse(app.db, secretId, {
      now: app.clock.now(),
      ip: '203.0.113.9',
      userAgent: 'exporter/1.4',
    })

  it('of a revoked, disabled or suspended key are none, and one that was claimed is dropped', async (t: TestContext) => {
    const server = await openMailServer(t)
    const [revoked, disabled, extended] = [
      await app.keyFor(owner, { expires_at: inDays(60) }),
      await app.keyFor(owner, { expires_at: inDays(60) }),
      await app.keyFor(owner, { expires_at: inDays(60) }),
    ]
    app.clock.advance({ days: 30 })
    await claimDueNotices(app.db, app.clock.now())
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`, { reason: 'test' })
    await app.call('POST', `/v1/keys/${disabled.id}/disable`)
    await app.call('PATCH', `/v1/keys/${extended.id}`, { expires_at: inDays(300) })
    await pass(10, server.port)
    assert.deepEqual(subjects(server), [])
  })

  it('without a mail server are listed as what would have been sent, and given up after three days', async () => {
    await app.keyFor(owner, { name: 'exporter', expires_at: inDays(60) })
    await pass(31, null)
    const [mail] = await mails(`?owner_id=${owner}`)
    assert.deepEqual([mail.state, mail.to, mail.attempts], ['waiting', 'ops@acme.example', 0])
    const { body } = await app.call('GET', `/v1/mails/${mail.id}`)
    assert.match(body.text, /API key "exporter" \(live\)/)
    assert.deepEqual(
      body.notices.map(({ cause, tier }: Record<string, unknown>) => [cause, tier]),
      [['expires', 30]],
    )
    await pass(3, null)
    assert.deepEqual((await mails('?state=given_up')).length, 1)
    const server = await app.call('GET', '/v1/mail-server')
    assert.deepEqual(server.body, { smtp: null, waiting: 0, failed: 1 })
  })

  it('of an owner without contacts go to nobody, and say so; makers who are members get theirs', async () => {
    await app.call('PATCH', `/v1/owners/${owner}`, { notice_contacts: [] })
    const key = await app.keyFor(owner, { name: 'exporter', expires_at: inDays(60) })
    await pass(31, null)
    assert.deepEqual(
      (await mails()).map(({ to, state }: Record<string, unknown>) => [to, state]),
      [[null, 'nobody']],
    )
    const { body: user } = await app.call('POST', '/v1/users', {
      email: `${owner}@acme.example`,
      name: 'Ann',
    })
    await app.db.deleteFrom('keys').where('id', '=', key.id).execute()
    const made = await app.keyFor(owner, { name: 'of Ann', expires_at: inDays(60) })
    await app.db
      .updateTable('keys')
      .set({ created_by: user.id } as never)
      .where('id', '=', made.id)
      .execute()
    await app.call('PUT', `/v1/owners/${owner}/members/${user.id}`)
    await app.db.deleteFrom('mails').execute()
    await pass(31, null)
    assert.deepEqual(
      (await mails()).map(({ to, subject }: Record<string, unknown>) => [to, subject]),
      [[`${owner}@acme.example`, 'API key "of Ann" expires in 30 days']],
    )
  })

  it('follow the tiers of the environment’s policy; none where it has no tier', async (t) => {
    const server = await openMailServer(t)
    const set = (tiers: readonly number[] | null) =>
      app.call('PATCH', '/v1/policies/live', { notice_tiers: tiers })
    assert.equal((await set([14])).status, 200)
    await app.keyFor(owner, { name: 'exporter', expires_at: inDays(60) })
    await pass(59, server.port)
    assert.deepEqual(subjects(server), ['API key "exporter" expires in 14 days'])
    await set([])
    await app.keyFor(owner, { name: 'other', expires_at: inDays(60) })
    await pass(59, server.port)
    assert.ok(!subjects(server).some((subject) => subject.includes('other')))
    await set(null)
  })

  it('of client secrets and admin keys are told as of keys; the API provider’s own go to administrators', async (t) => {
    const server = await openMailServer(t)
    const { body: adminKey } = await app.call('POST', '/v1/admin-keys', {
      name: 'deploy',
      permissions: ['verify'],
    })
    const client = await app.clientFor(owner, { name: 'An app' })
    const ends = { expires_at: new Date(inDays(40)) }
    await app.db
      .updateTable('secrets')
      .set(ends)
      .where('holder_id', 'in', [client.client_id, adminKey.id])
      .execute()
    await pass(34, server.port)
    const listed = (await mails()).map(({ owner_id, subject }: Record<string, unknown>) => [
      owner_id,
      subject,
    ])
    assert.deepEqual(
      listed.sort(),
      [
        [null, 'Admin key "deploy" expires in 7 days'],
        [owner, 'Client secret of "An app" expires in 7 days'],
      ].sort(),
    )
  })

  it('of a key that is to rotate itself are told once it has not done so for a day', async (t) => {
    const server = await openMailServer(t)
    const more = { self_rotation: true, auto_rotate_after_days: 60, lifetime_seconds: 90 * DAY }
    const well = await app.keyFor(owner, { name: 'exporter', ...more })
    await app.keyFor(owner, { name: 'importer', ...more })
    app.clock.advance({ days: 58 })
    await pass(2, server.port)
    assert.deepEqual(subjects(server), [])
    const rotated = await app.call('POST', '/v1/self/rotate', {}, { as: well.secret })
    assert.equal(rotated.status, 200, rotated.text)
    await pass(2, server.port)
    assert.deepEqual(subjects(server), ['API key "importer" expires in 29 days'])
    assert.match(
      String(server.received[0]?.raw).replaceAll(/=\r?\n/g, ''),
      /It should have rotated itself on .{10,40} UTC, and has not: look at the program that uses it\./,
    )
    await pass(29, server.port, { stepHours: 24 })
    assert.deepEqual(subjects(server), [
      'API key "importer" expires in 29 days',
      'API key "importer" expires in 7 days',
      'API key "importer" expires in 1 day',
      'API key "importer" has expired',
    ])
  })

  it('of a rule that disables a key are told once for each tier, and no more once it is rotated', async (t) => {
    const server = await openMailServer(t)
    const setPolicy = async (body: object) => {
      const { status, text } = await app.call('PATCH', '/v1/policies/live', body)
      assert.equal(status, 200, text)
    }
    await setPolicy({ rotate_every_days: 60 })
    const key = await app.keyFor(owner, { name: 'exporter' })
    const other = await app.keyFor(owner, { name: 'importer' })
    await pass(58, server.port)
    assert.deepEqual(subjects(server), [])
    await app.call('POST', `/v1/keys/${other.id}/rotate`, { overlap_seconds: 0 })
    await pass(26, server.port)
    const told = [
      'API key "exporter" will be disabled in 30 days',
      'API key "exporter" will be disabled in 7 days',
    ]
    assert.deepEqual(subjects(server), told)
    await app.call('POST', `/v1/keys/${key.id}/rotate`, { overlap_seconds: 0 })
    await pass(8, server.port)
    assert.deepEqual(subjects(server), told)
    await setPolicy({ rotate_every_days: null })
  })

  it('of a rule are not mailed where the date was taken away meanwhile', async (t) => {
    const server = await openMailServer(t)
    const key = await app.keyFor(owner, { name: 'exporter' })
    const setDate = (at: Date | null) =>
      app.db.updateTable('keys').set({ disable_unused_at: at }).where('id', '=', key.id).execute()
    await setDate(addSeconds(app.clock.now(), 7 * DAY))
    await claimDueNotices(app.db, app.clock.now())
    await setDate(null)
    await round(server.port)
    assert.deepEqual(subjects(server), [])
    assert.deepEqual(await app.db.selectFrom('notices').select('id').execute(), [])
  })

  it('a test mail is sent like the others, and its state can be read', async (t) => {
    const server = await openMailServer(t)
    const { status, body } = await app.call('POST', '/v1/mails/test', { to: 'me@tidewater.example' })
    assert.deepEqual([status, body.state, body.kind], [201, 'waiting', 'test'])
    await round(server.port)
    assert.deepEqual(subjects(server), ['A test mail'])
    assert.equal((await app.call('GET', `/v1/mails/${body.id}`)).body.state, 'sent')
  })

  it('of another owner are not found, nor listed', async () => {
    await app.keyFor(owner, { expires_at: inDays(60) })
    await pass(31, null)
    const [mail] = await mails()
    const as = await app.adminKeyWith(['notices:read'], 'org_other')
    assert.deepEqual((await app.call('GET', '/v1/mails', undefined, { as })).body.data, [])
    assert.equal((await app.call('GET', `/v1/mails/${mail.id}`, undefined, { as })).status, 404)
    assert.equal((await app.call('GET', '/v1/mail-server', undefined, { as })).status, 403)
  })
})
