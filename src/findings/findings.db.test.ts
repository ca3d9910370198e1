import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { explaining } from '../../test/explaining.ts'
import { staffAs } from '../../test/staff.ts'
import { newId } from '../base/id.ts'
import { insertGrant } from '../oauth/grants/grant.store.ts'
import { goOnFinding } from './find-findings.ts'
import { FINDING_KINDS } from './finding.ts'
import { countFindings, listFindings } from './finding-list.store.ts'
import { findingReachOf } from './finding-reach.store.ts'
import { find, findingsOf, MAKE, secretOf, use } from './findings.fixture.ts'
import { mailFindings } from './mail-findings.ts'
import { refreshFindings } from './refresh-findings.ts'

const DAY = 86_400
const EVERYTHING = { of: 'every_owner', kinds: ['key', 'admin_key', 'client', 'grant', 'mail'] } as const

describe('findings', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    app.clock.advance({ days: 400 })
  })
  after(() => app.close())

  const kindsOf = async (id: string) =>
    (await findingsOf(app, id)).map(({ kind }: { kind: string }) => kind).sort()

  for (const kind of FINDING_KINDS)
    it(`FND-01: finds with evidence, and once: ${kind}`, async () => {
      const { id, subject = id, evidence } = await MAKE[kind](app)
      await find(app)
      const [first, ...more] = await findingsOf(app, id, kind)
      assert.deepEqual(more, [])
      assert.deepEqual(
        [first?.kind, first?.holder.id, first?.subject, first?.evidence, first?.state, first?.acceptance],
        [kind, id, subject, evidence, 'open', null],
      )
      app.clock.advance({ seconds: 60 })
      await find(app)
      assert.deepEqual(await findingsOf(app, id, kind), [first])
      assert.deepEqual((await app.call('GET', `/v1/findings/${first?.id}`)).body, first)
    })

  it('FND-01: finds of apps, grants and admin keys too', async () => {
    const client = await app.clientFor('org_a')
    const shown = { client_name: 'An app', redirect_host: 'a.example', owner_name: 'A', scopes: [] }
    const grant = { id: newId('grt'), userId: 'usr_1', clientId: client.client_id, ownerId: 'org_a', shown }
    const more = { scopes: ['orders:read'], implied: [], createdAt: app.clock.now(), expiresAt: null }
    await app.db.transaction().execute((tx) => insertGrant(tx, { ...grant, ...more }))
    const asked = { name: 'forgotten', permissions: ['keys:read'] }
    const { body: adminKey } = await app.call('POST', '/v1/admin-keys', asked)
    app.clock.advance({ days: 90 })
    await find(app)
    const ofSecrets = ['never_used', 'no_expiry', 'not_rotated']
    assert.deepEqual(await kindsOf(client.client_id), ofSecrets)
    assert.deepEqual(await kindsOf(adminKey.id), ofSecrets)
    assert.deepEqual(await kindsOf(grant.id), ['never_used'])
    await app.call('POST', `/v1/grants/${grant.id}/revoke`, { reason: 'unused' })
    await find(app)
    assert.deepEqual(await kindsOf(grant.id), [])
  })

  it('FND-02: removes a finding once it does not hold any more, by the job or by a refresh of its holder', async () => {
    const [used, disabled, gone] = [
      await app.keyFor('org_a'),
      await app.keyFor('org_a'),
      await app.keyFor('org_a'),
    ]
    app.clock.advance({ days: 90 })
    await find(app)
    const found = ['never_used', 'no_expiry', 'not_rotated']
    for (const { id } of [used, disabled, gone]) assert.deepEqual(await kindsOf(id), found)
    await use(app, [await secretOf(app, used.id)])
    await app.call('POST', `/v1/keys/${disabled.id}/disable`, {})
    const [{ id: findingId }] = await findingsOf(app, gone.id)
    await app.call('POST', `/v1/keys/${gone.id}/revoke`, { reason: 'unused' })
    const refresh = (id: string) =>
      app.db.transaction().execute((tx) => refreshFindings(tx, { kind: 'key', id }, app.clock.now()))
    await refresh(used.id)
    assert.deepEqual(await kindsOf(used.id), ['no_expiry', 'not_rotated'])
    await find(app)
    assert.deepEqual([await kindsOf(disabled.id), await kindsOf(gone.id)], [[], []])
    assert.equal((await app.call('GET', `/v1/findings/${findingId}`)).status, 404)
    await app.call('POST', `/v1/keys/${disabled.id}/enable`, {})
    await refresh(disabled.id)
    assert.deepEqual(await kindsOf(disabled.id), found)
  })

  it('FND-02: removes findings of what was deleted', async () => {
    const { id } = await MAKE.mail_given_up(app)
    await find(app)
    assert.deepEqual(await kindsOf(id), ['mail_given_up'])
    await app.db.deleteFrom('mails').where('id', 'is not', null).execute()
    await find(app)
    assert.deepEqual(await kindsOf(id), [])
  })

  it('FND-03: is accepted for a time with a reason, and open again to the second', async () => {
    const { id } = await app.keyFor('org_a')
    await find(app)
    const [{ id: findingId }] = await findingsOf(app, id, 'no_expiry')
    const at = (seconds: number) => new Date(app.clock.nowMs() + seconds * 1000).toISOString()
    const accept = (until: string, reason = 'by contract') =>
      app.call('POST', `/v1/findings/${findingId}/accept`, { reason, until })
    for (const until of [at(0), at(-1), at(366 * DAY + 1)]) {
      const { status, body } = await accept(until)
      assert.deepEqual([status, body.code], [400, 'unsuitable_acceptance'], until)
    }
    const [acceptedAt, until] = [at(0), at(30 * DAY)]
    const { body: accepted } = await accept(until)
    const [{ id: by }] = (await app.call('GET', '/v1/admin-keys')).body.data.slice(-1)
    assert.equal(accepted.state, 'accepted')
    assert.deepEqual(accepted.acceptance, { at: acceptedAt, until, by, reason: 'by contract' })
    await find(app)
    const states = async () => {
      const of = async (state: string) =>
        (await app.call('GET', `/v1/findings?holder_id=${id}&kind=no_expiry&state=${state}`)).body.data.length
      return [await of('open'), await of('accepted')]
    }
    assert.deepEqual(await states(), [0, 1])
    app.clock.advance({ seconds: 30 * DAY - 1 })
    assert.deepEqual(await states(), [0, 1])
    app.clock.advance({ seconds: 1 })
    assert.deepEqual(await states(), [1, 0])
    assert.equal((await app.call('GET', `/v1/findings/${findingId}`)).body.acceptance, null)

    await accept(at(366 * DAY), 'once more')
    const withdraw = () => app.call('POST', `/v1/findings/${findingId}/withdraw`, {})
    for (const { status, body } of [await withdraw(), await withdraw()])
      assert.deepEqual([status, body.state, body.acceptance], [200, 'open', null])
    const { body: events } = await app.call('GET', `/v1/audit-events?target_id=${id}`)
    const told = events.data.map(({ action, detail }: { action: string; detail: { reason?: string } }) => [
      action,
      detail.reason ?? null,
    ])
    assert.deepEqual(told.slice(0, 3), [
      ['finding.acceptance_withdrawn', null],
      ['finding.accepted', 'once more'],
      ['finding.accepted', 'by contract'],
    ])
  })

  it('MGT-02: shows findings of what a caller may read, and of its owner alone', async () => {
    const { id } = await app.keyFor('org_shown')
    await find(app)
    const [{ id: findingId }] = await findingsOf(app, id)
    const seen = async (permissions: Parameters<TestApp['adminKeyWith']>[0], ownerId?: string) => {
      const as = await app.adminKeyWith(permissions, ownerId)
      const list = await app.call('GET', `/v1/findings?holder_id=${id}`, undefined, { as })
      const one = await app.call('GET', `/v1/findings/${findingId}`, undefined, { as })
      return [list.body.data.length > 0, one.status]
    }
    assert.deepEqual(await seen(['findings:read', 'keys:read'], 'org_shown'), [true, 200])
    assert.deepEqual(await seen(['findings:read', 'keys:read'], 'org_other'), [false, 404])
    assert.deepEqual(await seen(['findings:read', 'clients:read']), [false, 404])
  })

  it('FND-04: exports CSV in which no cell is a formula', async () => {
    const names = ['=1+1', '+1', '-1', '@SUM(A1)', 'plain, "quoted"']
    const keys = await Promise.all(names.map((name) => app.keyFor('org_csv', { name })))
    await find(app)
    const { text, headers } = await app.call('GET', '/v1/findings.csv?owner_id=org_csv')
    assert.match(String(headers['content-type']), /^text\/csv; charset=utf-8; header=present/)
    const [head, ...lines] = text.trimEnd().split('\r\n')
    assert.match(head ?? '', /^id,kind,holder_kind,holder_id,holder_name,subject,owner_id,environment,/)
    assert.equal(lines.length, keys.length)
    const shown = ["'=1+1", "'+1", "'-1", "'@SUM(A1)", '"plain, ""quoted"""']
    for (const name of shown)
      assert.ok(
        lines.some((line) => line.includes(`,${name},key_`)),
        name,
      )
    for (const line of lines) assert.doesNotMatch(line, /(^|,)"?[=+@\t\r-]/)
  })

  it('FND-05: goes by the settings', async () => {
    const { id } = await app.keyFor('org_a')
    app.clock.advance({ days: 30 })
    await find(app)
    assert.deepEqual(await kindsOf(id), ['no_expiry'])
    const put = (body: object) => app.call('PUT', '/v1/finding-settings', body)
    const { body } = await put({ unused_after_days: 30, rotate_after_days: 30, weekly_mail: false })
    assert.deepEqual(body, { unused_after_days: 30, rotate_after_days: 30, weekly_mail: false })
    await find(app)
    assert.deepEqual(await kindsOf(id), ['never_used', 'no_expiry', 'not_rotated'])
    const usual = { unused_after_days: 90, rotate_after_days: 90, weekly_mail: true }
    assert.deepEqual((await put({})).body, usual)
    assert.deepEqual((await app.call('GET', '/v1/finding-settings')).body, usual)
    await find(app)
    assert.deepEqual(await kindsOf(id), ['no_expiry'])
  })

  it('FND-01: stores each once where several servers look at the same time', async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => app.keyFor('org_race')))
    await Promise.all([find(app), find(app), find(app)])
    for (const { id } of keys) assert.deepEqual(await kindsOf(id), ['no_expiry'])
  })

  it('FND-01: goes on where the last run stopped, and begins again after an hour', async () => {
    const run = () => goOnFinding(app.db, app.clock.now(), 0)
    const asked = { name: 'late', permissions: ['keys:read'] }
    const { id: keyId } = await app.keyFor('org_a')
    const { body: adminKey } = await app.call('POST', '/v1/admin-keys', asked)
    const found = async () => [await kindsOf(keyId), await kindsOf(adminKey.id)]
    const until = async (done: () => Promise<boolean>) => {
      for (let runs = 0; !(await done()); runs += 1) {
        assert.ok(runs < 20)
        await run()
      }
    }
    await until(async () => (await kindsOf(keyId)).length > 0)
    assert.deepEqual(await found(), [['no_expiry'], []])
    await until(async () => (await kindsOf(adminKey.id)).length > 0)
    for (let runs = 0; runs < 5; runs += 1) await run()
    const { id: later } = await app.keyFor('org_a')
    app.clock.advance({ seconds: 3599 })
    await run()
    assert.deepEqual(await kindsOf(later), [])
    app.clock.advance({ seconds: 1 })
    await run()
    assert.deepEqual(await kindsOf(later), ['no_expiry'])
  })

  it('FND-06: keeps a bounded number of networks of a key that roams, and finds nothing of the rest', async () => {
    const { id } = await app.keyFor('org_a')
    const secretId = await secretOf(app, id)
    const from = (first: number, count: number) =>
      Array.from({ length: count }, (_, n) => `10.${first}.${n % 256}.1`)
    await use(app, [secretId], { ips: from(1, 200) })
    app.clock.advance({ days: 20 })
    await use(app, [secretId], { ips: [...from(2, 200), 'nonsense'] })
    const { rows } = await sql`select from seen_networks where key_id = ${id}`.execute(app.db)
    assert.equal(rows.length, 64)
    await find(app)
    assert.deepEqual(await findingsOf(app, id, 'new_network'), [])
  })
})

describe('the weekly mail about findings', () => {
  it('FND-07: goes once a week to contacts and administrators, over several servers, while something is open', async () => {
    const app = await openTestApp()
    app.clock.advance({ days: 400 })
    const admin = await staffAs(app, 'administrator')
    const contacts = { notice_contacts: ['ops@acme.example', 'team@acme.example'] }
    const key = await app.keyFor('org_told', { name: 'nightly export' })
    await app.keyFor('org_silent')
    await app.call('PATCH', '/v1/owners/org_told', contacts)
    const mails = async () => {
      await Promise.all([mailFindings(app.db, app.clock.now()), mailFindings(app.db, app.clock.now())])
      return (await app.call('GET', '/v1/mails')).body.data
    }
    assert.deepEqual(await mails(), [])
    await find(app)
    const first = await mails()
    assert.deepEqual(
      first.map(({ kind, owner_id, to }: Record<string, string>) => [kind, owner_id, to]).sort(),
      [
        ['findings', null, admin.email],
        ['findings', 'org_told', 'ops@acme.example'],
        ['findings', 'org_told', 'team@acme.example'],
      ].sort(),
    )
    const told = first.find(({ to }: { to: string }) => to === 'ops@acme.example')
    const { text } = (await app.call('GET', `/v1/mails/${told.id}`)).body
    assert.match(text, /nightly export/)
    assert.match(text, /Without an expiry: 1/)
    for (const line of text.split('\n')) assert.ok(line.length <= 72, line)

    app.clock.advance({ days: 6 })
    await find(app)
    assert.equal((await mails()).length, 3)
    app.clock.advance({ days: 1 })
    await find(app)
    assert.equal((await mails()).length, 6)

    for (const { id } of (await app.call('GET', `/v1/findings?holder_id=${key.id}`)).body.data)
      await app.call('POST', `/v1/findings/${id}/accept`, {
        reason: 'meant so',
        until: new Date(app.clock.nowMs() + 10 * DAY * 1000).toISOString(),
      })
    app.clock.advance({ days: 7 })
    assert.equal((await mails()).length, 7)
    await app.call('PUT', '/v1/finding-settings', { weekly_mail: false })
    app.clock.advance({ days: 7 })
    assert.equal((await mails()).length, 7)
    await app.call('PUT', '/v1/finding-settings', {})
    assert.equal((await mails()).length, 10)
    await app.close()
  })
})

describe('findings at size', () => {
  it('STO-11: lists and counts them with a bounded number of rows, and looks through all holders in steps', async () => {
    const app = await openTestApp()
    const now = app.clock.now()
    const MANY = 30_000
    await sql`
      insert into findings (id, kind, holder_kind, holder_id, subject, owner_id, environment, first_seen_at, evidence)
      select 'fnd_many' || n, case when n % 2 = 0 then 'no_expiry' else 'unused' end, 'key', 'key_many' || n,
        'key_many' || n, 'org_' || n % 10, case when n > 29990 then 'test' else 'live' end,
        ${now}::timestamptz - n * interval '1 second', '{}'
      from generate_series(1, ${MANY}::integer) as n`.execute(app.db)
    await sql`analyze findings`.execute(app.db)
    const page = { after: null, limit: 51 }
    for (const filter of [
      {},
      { kind: 'unused' },
      { kind: 'exposed' },
      { ownerId: 'org_3', kind: 'unused' },
      { environment: 'test' },
      { environment: 'test', kind: 'unused' },
      { state: 'accepted' },
      { holderId: 'key_many77' },
    ] as const) {
      const explained = explaining(app.db)
      await listFindings(explained.db, EVERYTHING, filter, page, now)
      assert.ok(explained.total() <= 25_000, `${JSON.stringify(filter)}: ${explained.total()} rows`)
    }
    const { body } = await app.call('GET', '/v1/findings/counts')
    const counted = body.kinds.find(({ kind }: { kind: string }) => kind === 'unused')
    assert.deepEqual(counted.open, { count: 10_000, at_least: true })
    const found: string[] = []
    for (let cursor: string | null = '', pages = 0; cursor !== null; pages += 1) {
      assert.ok(pages < 20)
      const query: string = `environment=test&kind=unused${cursor === '' ? '' : `&cursor=${cursor}`}`
      const answer: { data: { id: string }[]; next_cursor: string | null } = (
        await app.call('GET', `/v1/findings?${query}`)
      ).body
      found.push(...answer.data.map(({ id }) => id))
      cursor = answer.next_cursor
    }
    assert.equal(found.length, 5)
    const bound = findingReachOf({ reach: { ownerId: 'org_3', environments: null }, permissions: new Set() })
    const none = await countFindings(app.db, bound, {}, now)
    assert.ok(none.every(({ open }) => open.count === 0))
    await app.close()
  })
})
