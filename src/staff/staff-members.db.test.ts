import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestApp } from '../../test/app.ts'
import { openJar } from '../../test/cookie-jar.ts'
import { holdRequest } from '../../test/held-request.ts'
import { openListening } from '../../test/sign-in.ts'
import { type SignedInStaff, staffAs, staffHeaders } from '../../test/staff.ts'
import { systemOrigin } from '../audit/audit-event.ts'
import { pathOfLink } from './make-staff-link.ts'
import { makeLinkFor } from './staff-command.ts'

const PASSWORD = 'two brown owls tap'
const READS = [
  'keys:read',
  'clients:read',
  'grants:read',
  'owners:read',
  'scopes:read',
  'users:read',
  'notices:read',
  'findings:read',
]

describe('staff and their invitations', () => {
  let app: TestApp
  let origin: string
  let ann: SignedInStaff
  before(async () => {
    const opened = await openListening()
    app = opened.app
    origin = opened.origin
    ann = await staffAs(app, 'administrator')
  })
  after(() => app.close())

  const invite = (email: string, role: string, as = ann.as) =>
    app.call('POST', '/v1/staff-invitations', { email, role }, as)
  const pathIn = (url: string) => {
    const { pathname, search } = new URL(url)
    return pathname + search
  }
  const stored = (id: string) =>
    app.db.selectFrom('staff').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  it('CON-08: takes an invitation once, by the form, with the invited address and role', async () => {
    const { body, status } = await invite('Bo@Example.com', 'developer')
    assert.deepEqual([status, body.email, body.role], [201, 'bo@example.com', 'developer'])
    assert.ok(
      !JSON.stringify(await app.db.selectFrom('staff_links').selectAll().execute()).includes(body.url),
    )
    const path = pathIn(body.url)
    const jar = openJar(origin)
    await openJar(origin).get(path)
    const page = await jar.get(path)
    assert.equal(page.status, 200)
    const typed = { name: 'Bo', password: PASSWORD, email: 'eve@evil.example', role: 'administrator' }
    const eve = openJar(origin)
    const hers = await eve.get(path)
    const both = await Promise.all([jar.submit(page, typed), jar.submit(page, typed)])
    assert.deepEqual(
      both.map((each) => each.status),
      [303, 303],
      'a double click',
    )
    const taken = await eve.submit(hers, { ...typed, name: 'Eve' })
    assert.deepEqual([taken.status, eve.cookies.get('doorward-staff')], [400, undefined])
    const { body: members } = await app.call('GET', '/v1/staff?limit=100', undefined, ann.as)
    assert.equal(members.data.filter(({ email }: { email: string }) => email === 'bo@example.com').length, 1)
    const headers = staffHeaders(jar.cookies.get('doorward-staff') ?? '')
    const who = await app.call('GET', '/v1/session', undefined, { as: null, headers })
    assert.deepEqual([who.body.staff.email, who.body.staff.role], ['bo@example.com', 'developer'])
    assert.equal((await invite('bo@example.com', 'viewer')).body.code, 'staff_exists')
  })

  it('CON-08: ends an invitation by a newer one, by withdrawing it, and after three days', async () => {
    const [first, second] = [
      await invite('cy@example.com', 'viewer'),
      await invite('cy@example.com', 'support'),
    ]
    const jar = openJar(origin)
    assert.equal((await jar.get(pathIn(first.body.url))).status, 400)
    assert.equal((await jar.get(pathIn(second.body.url))).status, 200)
    const listed = await app.call('GET', '/v1/staff-invitations', undefined, ann.as)
    assert.deepEqual(
      listed.body.data.map((each: { id: string; url?: string }) => [each.id, each.url]),
      [[second.body.id, undefined]],
    )
    const withdraw = () => app.call('DELETE', `/v1/staff-invitations/${second.body.id}`, undefined, ann.as)
    assert.deepEqual([(await withdraw()).status, (await withdraw()).status], [204, 404])
    assert.equal((await jar.get(pathIn(second.body.url))).status, 400)
    const third = await invite('cy@example.com', 'viewer')
    app.clock.advance({ seconds: 72 * 3600 })
    assert.equal((await jar.get(pathIn(third.body.url))).status, 400)
    ann = await staffAs(app, 'administrator')
  })

  it('MGT-06: refuses to give a role beyond the caller’s own permissions', async () => {
    const as = { as: await app.adminKeyWith(['staff:read', 'staff:write', 'keys:read']) }
    const viewer = await staffAs(app, 'viewer')
    assert.equal((await invite('x@example.com', 'viewer', as as never)).body.code, 'exceeds_authority')
    const raised = await app.call('PATCH', `/v1/staff/${viewer.id}`, { role: 'administrator' }, as)
    assert.equal(raised.body.code, 'exceeds_authority')
    assert.equal((await stored(viewer.id)).role, 'viewer')
  })

  it('MGT-06: an admin key with an expiry cannot create a member, who has none', async () => {
    const made = await app.call('POST', '/v1/admin-keys', {
      name: 'for an hour',
      permissions: ['staff:read', 'staff:write', ...READS],
      expires_at: new Date(app.clock.now().getTime() + 3_600_000),
    })
    const { body } = await invite('x@example.com', 'viewer', { as: made.body.secret } as never)
    assert.equal(body.code, 'exceeds_authority')
    assert.match(body.detail, /has an end/)
  })

  it('MGT-06: an invitation ends when its creator is demoted, disabled or, for an admin key, revoked', async () => {
    const endings: [how: string, end: (id: string) => Promise<unknown>][] = [
      ['demoted', (id) => app.call('PATCH', `/v1/staff/${id}`, { role: 'viewer' }, ann.as)],
      ['disabled', (id) => app.call('POST', `/v1/staff/${id}/disable`, { reason: 'left' }, ann.as)],
      ['removed', (id) => app.call('POST', `/v1/staff/${id}/remove`, { reason: 'left' }, ann.as)],
    ]
    for (const [how, end] of endings) {
      const inviter = await staffAs(app, 'administrator')
      const { body } = await invite(`${how}@example.com`, 'administrator', inviter.as)
      const jar = openJar(origin)
      const page = await jar.get(pathIn(body.url))
      assert.equal(page.status, 200)
      await end(inviter.id)
      assert.equal((await jar.submit(page, { name: 'Eve', password: PASSWORD })).status, 400, how)
      assert.equal((await jar.get(pathIn(body.url))).status, 400, how)
    }
    const key = await app.call('POST', '/v1/admin-keys', {
      name: 'leaked',
      permissions: ['staff:read', 'staff:write', ...READS],
    })
    const { body } = await invite('leaked@example.com', 'viewer', { as: key.body.secret } as never)
    const jar = openJar(origin)
    assert.equal((await jar.get(pathIn(body.url))).status, 200)
    await app.call('POST', `/v1/admin-keys/${key.body.id}/revoke`, { reason: 'leaked' })
    assert.equal((await jar.get(pathIn(body.url))).status, 400)
  })

  it('CON-12: changes a role and disables at once, in the next request', async () => {
    const bo = await staffAs(app, 'security')
    assert.equal((await app.call('GET', '/v1/audit-events', undefined, bo.as)).status, 200)
    const changed = await app.call('PATCH', `/v1/staff/${bo.id}`, { role: 'viewer' }, ann.as)
    assert.deepEqual([changed.status, changed.body.role], [200, 'viewer'])
    assert.equal((await app.call('GET', '/v1/audit-events', undefined, bo.as)).status, 403)
    const disabled = await app.call('POST', `/v1/staff/${bo.id}/disable`, { reason: 'on leave' }, ann.as)
    assert.equal(disabled.body.disabled_reason, 'on leave')
    assert.equal((await app.call('GET', '/v1/session', undefined, bo.as)).status, 401)
    await app.call('POST', `/v1/staff/${bo.id}/enable`, {}, ann.as)
    assert.equal((await app.call('GET', '/v1/session', undefined, bo.as)).status, 401)
    const cy = await staffAs(app, 'viewer')
    const ended = await app.call('POST', `/v1/staff/${cy.id}/end-sessions`, {}, ann.as)
    assert.equal(ended.body.ended, 1)
    assert.equal((await app.call('GET', '/v1/session', undefined, cy.as)).status, 401)
  })

  const ENDS = {
    'a lesser role': [['PATCH', '', { role: 'viewer' }], 403, 'insufficient_permission'],
    disabling: [['POST', '/disable', { reason: 'on leave' }], 401, 'invalid_token'],
    removal: [['POST', '/remove', { reason: 'left' }], 401, 'invalid_token'],
    'the end of all sessions': [['POST', '/end-sessions', {}], 401, 'invalid_token'],
  } as const
  for (const [what, [[method, path, change], status, code]] of Object.entries(ENDS))
    it(`CON-12: ends by ${what} what a request may do that is open meanwhile`, async () => {
      const bo = await staffAs(app, 'administrator')
      const held = await holdRequest(app.app, {
        ...{ method: 'POST', path: '/v1/admin-keys', headers: bo.headers },
        body: { name: 'successor', permissions: ['keys:write'] },
      })
      const ended = await app.call(method, `/v1/staff/${bo.id}${path}`, change, ann.as)
      assert.ok(ended.status < 300, ended.text)
      const { status: answered, body } = await held.finish()
      assert.deepEqual([answered, body.code], [status, code])
      const { body: done } = await app.call('GET', `/v1/audit-events?actor_id=${bo.id}&result=done`)
      assert.deepEqual(done.data, [])
    })

  it('removes a member for good, keeps the row for the audit log, and frees the address', async () => {
    const bo = await staffAs(app, 'viewer', { email: 'gone@example.com' })
    const removed = await app.call('POST', `/v1/staff/${bo.id}/remove`, { reason: 'left' }, ann.as)
    assert.equal(removed.status, 204)
    assert.equal((await app.call('GET', `/v1/staff/${bo.id}`, undefined, ann.as)).status, 404)
    assert.equal((await app.call('GET', '/v1/session', undefined, bo.as)).status, 401)
    assert.equal((await stored(bo.id)).password_hash, null)
    assert.equal((await invite('gone@example.com', 'viewer')).status, 201)
    const { body } = await app.call('GET', `/v1/audit-events?action=staff.removed&target_id=${bo.id}`)
    assert.deepEqual([body.data[0].action, body.data[0].actor.name], ['staff.removed', 'A administrator'])
  })

  it('CON-13: asks for a fresh proof before each change of staff', async () => {
    const late = await staffAs(app, 'administrator')
    const viewer = await staffAs(app, 'viewer')
    app.clock.advance({ seconds: 901 })
    for (const [method, url, body] of [
      ['POST', '/v1/staff-invitations', { email: 'y@example.com', role: 'viewer' }],
      ['PATCH', `/v1/staff/${viewer.id}`, { role: 'support' }],
      ['POST', `/v1/staff/${viewer.id}/disable`, { reason: 'a' }],
      ['POST', `/v1/staff/${viewer.id}/enable`, {}],
      ['POST', `/v1/staff/${viewer.id}/remove`, { reason: 'a' }],
    ] as const)
      assert.equal((await app.call(method, url, body, late.as)).body.code, 'fresh_proof_required', url)
    ann = await staffAs(app, 'administrator')
  })

  it('MGT-33: keeps an administrator, whatever is tried at the same time', async () => {
    const ids = async () =>
      await app.db
        .selectFrom('staff')
        .select('id')
        .where('role', '=', 'administrator')
        .where('disabled_at', 'is', null)
        .where('removed_at', 'is', null)
        .execute()
    for (const own of [`/v1/staff/${ann.id}/remove`, `/v1/staff/${ann.id}/disable`])
      assert.equal((await app.call('POST', own, { reason: 'a' }, ann.as)).body.code, 'own_account')
    const all = await ids()
    const answers = await Promise.all(
      all.map(({ id }, n) => {
        const ways = [
          ['POST', `/v1/staff/${id}/remove`, { reason: 'a' }],
          ['POST', `/v1/staff/${id}/disable`, { reason: 'a' }],
          ['PATCH', `/v1/staff/${id}`, { role: 'viewer' }],
        ] as const
        const [method, url, body] = ways[n % 3] ?? ways[0]
        return app.call(method, url, body)
      }),
    )
    assert.ok(all.length >= 3)
    assert.equal((await ids()).length, 1)
    assert.equal(answers.filter(({ body }) => body?.code === 'last_administrator').length, 1)
  })

  it('CON-14: gives a locked-out member a link at the command line, and writes it into the audit log', async () => {
    const bo = await staffAs(app, 'administrator', { email: 'lost@example.com' })
    const origin_ = systemOrigin(app.clock.now())
    assert.equal((await makeLinkFor(app.db, origin_, 'nobody@example.com')).ok, false)
    const made = await makeLinkFor(app.db, origin_, ' Lost@example.com')
    assert.ok(made.ok)
    const jar = openJar(origin)
    const done = await jar.submit(await jar.get(pathOfLink(made.value)), { password: PASSWORD })
    assert.equal(done.status, 303)
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${bo.id}`)
    assert.deepEqual(
      body.data.map((each: { action: string; actor: { kind: string } }) => [each.action, each.actor.kind]),
      [
        ['staff_password.set', 'staff'],
        ['staff_link.created', 'system'],
      ],
    )
  })
})
