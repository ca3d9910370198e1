import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { staffAs } from '../../test/staff.ts'
import { refreshFindings } from '../findings/refresh-findings.ts'
import { disableByPolicy } from '../keys/disable-by-policy.ts'
import { recordExpiredKeys } from '../keys/record-expired-keys.ts'
import type { Mailer } from '../mail/mailer.ts'
import { claimDueNotices } from '../notices/claim-notices.ts'
import { sendMails } from '../notices/send-mails.ts'
import { writeMails } from '../notices/write-mails.ts'
import { ROLE_NAMES, type RoleName } from '../staff/role.ts'
import { EVENTS_OF_SECTION, MOST_COUNTED, SECTION_NAMES } from './evidence.ts'

const DAY = 86_400
/** A mail server that takes everything. */
const MAILER: Mailer = {
  settings: { host: 'mail.example', port: 465, isSecure: true, login: null, from: 'keys@tidewater.example' },
  send: async () => ({ result: 'sent', answer: '250 OK' }),
}
const PERIOD = 'from=2030-01-10T00:00:00Z&to=2030-04-10T00:00:00Z'

// biome-ignore lint/suspicious/noExplicitAny: an answer, read field by field
type Answer = any

describe('evidence for auditors', () => {
  let app: TestApp
  const ids: Record<string, string> = {}

  /** Turns the clock to the beginning of a day of 2030. */
  const turnTo = (day: string) => {
    const ms = Date.parse(`2030-${day}T00:00:00Z`) - app.clock.nowMs()
    assert.ok(ms >= 0, day)
    app.clock.advance({ ms })
  }
  const ok = async (...[method, url, body, more]: Parameters<TestApp['call']>) => {
    const answer = await app.call(method, url, body, more)
    assert.ok(answer.status < 300, `${url}: ${answer.text}`)
    return answer.body
  }
  /** Staff whose session has not ended: the clock is turned by weeks. */
  const administrator = async () => (await staffAs(app, 'administrator')).as
  /** One round of the jobs that end keys and tell of it. */
  const jobs = async (mailer: Mailer | null = MAILER) => {
    const now = app.clock.now()
    await recordExpiredKeys(app.db, now)
    await disableByPolicy(app.db, now)
    await claimDueNotices(app.db, now)
    await writeMails(app.db, now)
    await sendMails(app.db, { mailer, publicUrl: 'http://doorward.test' }, app.clock)
  }
  const evidence = async (query = PERIOD): Promise<Answer> => await ok('GET', `/v1/evidence?${query}`)
  const sectionIn = (document: Answer, name: string) =>
    document.sections.find(({ id }: { id: string }) => id === name) ?? assert.fail(name)
  /** A section in short: what happened, to what, by which kind of actor, and what is said of the notice, in days. */
  const told = (document: Answer, name: string) =>
    sectionIn(document, name).data.map(({ at, action, actor, subject, notice }: Answer) =>
      [
        `${at.slice(0, 10)} ${action}`,
        subject?.name ?? '',
        `by ${actor.kind}`,
        notice === null
          ? ''
          : `${notice.sent_at === null ? 'written' : 'sent'} ${notice.seconds_after / DAY} days before, ${notice.seconds_before_end / DAY} days left`,
      ]
        .filter((part) => part !== '')
        .join(', '),
    )

  before(async () => {
    app = await openTestApp()
    await ok('PATCH', '/v1/policies/test', { max_keys: 900 })
    const made = async (name: string, more: object = {}, ownerId = 'org_42') => {
      const { id } = await app.keyFor(ownerId, { name, scopes: [], ...more })
      ids[name] = id
    }
    await made('exporter', { expires_at: '2030-04-01T00:00:00Z' })
    await made('importer', { expires_at: '2030-03-02T00:00:00Z' })
    await made('never told', { expires_at: '2030-03-12T00:00:00Z' }, 'org_7')
    await ok('PATCH', '/v1/owners/org_42', { name: 'Acme', notice_contacts: ['ops@acme.example'] })

    turnTo('01-20')
    const ann = await administrator()
    await ok('PATCH', '/v1/policies/test', { rotate_every_days: 20 }, ann)
    await made('nightly', { environment: 'test' })
    await made('leaked')
    const admin = await ok('POST', '/v1/admin-keys', { name: 'deploy', permissions: ['verify'] })
    const invited = await ok('POST', '/v1/staff-invitations', { email: 'bo@staff.example', role: 'viewer' })
    await ok('DELETE', `/v1/staff-invitations/${invited.id}`, undefined, ann)
    const bo = await staffAs(app, 'viewer', { email: 'cy@staff.example' })
    await ok('PATCH', `/v1/staff/${bo.id}`, { role: 'support' }, ann)

    for (const day of ['01-31', '02-09', '02-10']) {
      turnTo(day)
      await jobs()
    }
    await app.db
      .transaction()
      .execute((tx) => refreshFindings(tx, { kind: 'key', id: ids.nightly ?? '' }, app.clock.now()))
    const found = await ok('GET', `/v1/findings?kind=no_expiry&holder_id=${ids.nightly}`)
    const accepted = { reason: 'ends by rotation', until: '2030-06-01T00:00:00Z' }
    await ok('POST', `/v1/findings/${found.data[0].id}/accept`, accepted, await administrator())
    await ok('POST', `/v1/keys/${ids.leaked}/revoke`, { reason: 'seen in a log' }, await administrator())
    await ok('POST', `/v1/admin-keys/${admin.id}/revoke`, { reason: 'contract ended' }, await administrator())
    await ok('POST', `/v1/staff/${bo.id}/remove`, { reason: 'left' }, await administrator())

    for (const day of ['03-02', '03-11', '03-12']) {
      turnTo(day)
      await jobs()
    }
    turnTo('03-14')
    await ok('POST', `/v1/keys/${ids.exporter}/rotate`, { overlap_seconds: 3_600 }, await administrator())
    turnTo('05-01')
    await made('after the period')
  })
  after(() => app?.close())

  it('AUD-17: tells the story of a period: what was made and ended, by whom, and how long after the notice', async () => {
    const document = await evidence()
    assert.deepEqual(
      [document.from, document.to, document.made_at, document.made_by.kind],
      ['2030-01-10T00:00:00.000Z', '2030-04-10T00:00:00.000Z', '2030-05-01T00:00:00.000Z', 'admin_key'],
    )
    const story = Object.fromEntries(
      SECTION_NAMES.map((name) => [name, told(document, name)]).filter(([, rows]) => rows?.length !== 0),
    )
    assert.deepEqual(story, {
      policies: ['2030-01-20 policy.changed, by staff'],
      keys_created: [
        '2030-01-20 key.created, nightly, by admin_key',
        '2030-01-20 key.created, leaked, by admin_key',
      ],
      keys_rotated: ['2030-03-14 key.rotated, exporter, by staff, sent 12 days before, 18 days left'],
      keys_expired: [
        '2030-03-02 key.expired, importer, by system, sent 30 days before, 0 days left',
        '2030-03-12 key.expired, never told, by system, written 30 days before, 0 days left',
      ],
      keys_revoked: ['2030-02-10 key.revoked, leaked, by staff'],
      keys_disabled: ['2030-03-11 key.disabled, nightly, by system, sent 30 days before, 0 days left'],
      exceptions: ['2030-02-10 finding.accepted, nightly, by staff'],
      admin_keys: [
        '2030-01-20 admin_key.created, deploy, by admin_key',
        '2030-02-10 admin_key.revoked, deploy, by staff',
      ],
      staff: [
        '2030-01-20 staff_link.created, by admin_key',
        '2030-01-20 staff_invitation.withdrawn, by staff',
        '2030-01-20 staff.changed, A viewer, by staff',
        '2030-02-10 staff.removed, A viewer, by staff',
      ],
    })
    for (const { id, count, count_is_exact, data, next_cursor } of document.sections)
      assert.deepEqual([id, count, count_is_exact, next_cursor], [id, data.length, true, null])
    const [disabled] = sectionIn(document, 'keys_disabled').data
    assert.equal(disabled.detail.rule, 'rotate_every_days')
    assert.deepEqual(disabled.subject, { name: 'nightly', environment: 'test' })
    const [accepted] = sectionIn(document, 'exceptions').data
    assert.deepEqual(
      [accepted.detail.kind, accepted.detail.reason, accepted.detail.until],
      ['no_expiry', 'ends by rotation', '2030-06-01T00:00:00.000Z'],
    )
    const [revoked] = sectionIn(document, 'keys_revoked').data
    assert.deepEqual([revoked.detail.reason, revoked.actor.name], ['seen in a log', 'A administrator'])
  })

  it('AUD-18: says which policy was in force at both ends of the period, from the log', async () => {
    const inForce = async (query: string) =>
      (await evidence(query)).policies.map(({ environment, at_start, at_end }: Answer) =>
        [at_start, at_end].map(
          ({ max_keys, rotate_every_days }) =>
            `${environment}: ${max_keys.value} from the ${max_keys.from}, ${rotate_every_days.value}`,
        ),
      )
    assert.deepEqual(await inForce(PERIOD), [
      ['live: 1000 from the configuration, null', 'live: 1000 from the configuration, null'],
      ['test: 900 from the environment, null', 'test: 900 from the environment, 20'],
    ])
    assert.deepEqual((await inForce('from=2029-01-01T00:00:00Z&to=2029-02-01T00:00:00Z'))[1], [
      'test: 1000 from the configuration, null',
      'test: 1000 from the configuration, null',
    ])
  })

  it('AUD-19: each report is an audit event, with its period and by whom', async () => {
    const asked = 'from=2030-02-01T00:00:00Z&to=2031-01-01T00:00:00Z'
    const security = await staffAs(app, 'security')
    const { body, status } = await app.call('GET', `/v1/evidence?${asked}`, undefined, security.as)
    assert.deepEqual(
      [status, body.to],
      [200, '2030-05-01T00:00:00.000Z'],
      'a period that runs is one until now',
    )
    assert.deepEqual(body.made_by, { kind: 'staff', id: security.id, name: 'A security' })
    const [event] = (await ok('GET', '/v1/audit-events?action=evidence.created&limit=1')).data
    assert.deepEqual([event.actor.id, event.detail], [security.id, { from: body.from, to: body.to }])
    assert.deepEqual(body.chain.head, { seq: event.seq, hash: event.hash })
    assert.deepEqual([body.chain.check.intact, body.chain.check.head_hash], [true, event.hash])
    app.clock.advance({ seconds: 1 })
    const later = sectionIn(await evidence(asked), 'reports').data
    assert.equal(later.at(-1).seq, event.seq)
  })

  it('AUD-20: is given to roles with audit:read, and to no caller that is bound to an owner', async () => {
    const reads: Partial<Record<RoleName, number | undefined>> = {}
    for (const role of ROLE_NAMES) {
      const { as } = await staffAs(app, role)
      const statuses = [`/v1/evidence?${PERIOD}`, `/v1/evidence/staff?${PERIOD}`].map(
        async (url) => (await app.call('GET', url, undefined, as)).status,
      )
      const [document, page] = await Promise.all(statuses)
      assert.equal(document, page, role)
      reads[role] = document
    }
    assert.deepEqual(reads, { administrator: 200, security: 200, developer: 403, support: 403, viewer: 403 })
    const bound = { as: await app.adminKeyWith(['audit:read'], 'org_42') }
    const count = async () =>
      (await ok('GET', '/v1/audit-events?action=evidence.created&limit=200')).data.length
    const before = await count()
    for (const url of [`/v1/evidence?${PERIOD}`, `/v1/evidence/keys_created?${PERIOD}`]) {
      const { status, body } = await app.call('GET', url, undefined, bound)
      assert.deepEqual([status, body.code], [403, 'owner_not_covered'])
    }
    assert.equal(await count(), before)
  })

  const REFUSED: readonly (readonly [what: string, query: string, code?: string])[] = [
    ['no period', ''],
    ['no end', 'from=2030-01-01T00:00:00Z'],
    ['from after to', 'from=2030-04-01T00:00:00Z&to=2030-03-01T00:00:00Z'],
    ['from equal to to', 'from=2030-04-01T00:00:00Z&to=2030-04-01T00:00:00Z'],
    ['the future', 'from=2040-01-01T00:00:00Z&to=2041-01-01T00:00:00Z'],
    ['days', 'from=2030-01-01&to=2030-02-01'],
    ['no such day', 'from=2030-02-30T00:00:00Z&to=2030-04-01T00:00:00Z'],
    ['a number', 'from=0&to=1e9'],
    ['two ends', 'from=2030-01-01T00:00:00Z&to=2030-02-01T00:00:00Z&to=2030-03-01T00:00:00Z'],
    ['SQL', "from=2030-01-01T00:00:00Z&to='; drop table audit_events; --"],
    ['an owner', `${PERIOD}&owner_id=org_42`, 'unknown_field'],
  ]
  it('AUD-21: refuses a period without sense, and answers one of any length', async () => {
    for (const [what, query, code = 'invalid_request'] of REFUSED)
      for (const path of ['/v1/evidence', '/v1/evidence/keys_created']) {
        const { status, body } = await app.call('GET', `${path}?${encodeURI(query)}`)
        assert.deepEqual([what, status, body.code], [what, 400, code])
      }
    for (const path of ['/v1/evidence/everything', '/v1/evidence/__proto__'])
      assert.equal((await app.call('GET', `${path}?${PERIOD}`)).status, 400, path)
    for (const cursor of [
      'x',
      'M'.repeat(900),
      Buffer.from('3 2030-02-30T00:00:00Z 1').toString('base64url'),
    ])
      assert.equal(
        (await app.call('GET', `/v1/evidence/staff?${PERIOD}&cursor=${cursor}`)).body.code,
        'invalid_cursor',
      )
    const all = await evidence('from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59Z')
    assert.deepEqual([all.from, all.to], ['0001-01-01T00:00:00.000Z', app.clock.now().toISOString()])
    assert.equal(sectionIn(all, 'keys_created').data.length, 6)
  })

  it('AUD-22: says that the chain is broken, and where', async () => {
    const disarmed = async (statement: ReturnType<typeof sql>) => {
      await sql`alter table audit_events disable trigger all`.execute(app.db)
      await statement.execute(app.db)
      await sql`alter table audit_events enable trigger all`.execute(app.db)
    }
    const [event] = sectionIn(await evidence(), 'keys_revoked').data
    const setReason = (reason: string) =>
      sql`update audit_events set detail = detail || ${JSON.stringify({ reason })}::jsonb where seq = ${event.seq}`
    await disarmed(setReason('all was well'))
    const { check } = (await evidence()).chain
    assert.deepEqual(check.first_broken, { seq: event.seq, id: event.id, fault: 'the row was altered' })
    assert.deepEqual([check.intact, check.head_hash], [false, null])
    await disarmed(setReason('seen in a log'))
    assert.equal((await evidence()).chain.check.intact, true)
  })

  it('AUD-23: of many events it shows a page of each section, and counts them up to a bound', async () => {
    const many = MOST_COUNTED + 5
    const from = Date.parse('2031-01-01T00:00:00Z')
    // Three at a time at the same moment, among as many of another action.
    await sql`
      insert into audit_events (seq, id, at, action, result, actor_kind, target_id, detail, hash)
      select 100000 + n, 'evt_many' || n, ${new Date(from)}::timestamptz + (n / 6) * interval '1 second',
        case when n % 2 = 0 then 'key.created' else 'session.started' end, 'done', 'system', 'key_none', '{}', sha256('')
      from generate_series(0, ${2 * many - 1}::integer) as n`.execute(app.db)
    await sql`analyze audit_events`.execute(app.db)
    app.clock.advance({ days: 400 })
    const period = 'from=2031-01-01T00:00:00Z&to=2031-02-01T00:00:00Z'
    const section = sectionIn(await evidence(period), 'keys_created')
    assert.deepEqual(
      [section.count, section.count_is_exact, section.data.length],
      [MOST_COUNTED, false, EVENTS_OF_SECTION],
    )
    const seen: number[] = section.data.map(({ seq }: { seq: number }) => seq)
    for (let cursor = section.next_cursor; seen.length < 500; ) {
      const page = await ok('GET', `/v1/evidence/keys_created?${period}&limit=70&cursor=${cursor}`)
      assert.equal(page.data.length, 70)
      seen.push(...page.data.map(({ seq }: { seq: number }) => seq))
      cursor = page.next_cursor
    }
    assert.deepEqual(
      seen,
      seen.map((_, at) => 100_000 + 2 * at),
    )
  })
})
