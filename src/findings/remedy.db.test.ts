import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type CallOptions, openTestApp, type TestApp } from '../../test/app.ts'
import { ago, appear, DAY, used } from '../../test/findings.ts'
import { staffAs } from '../../test/staff.ts'
import { addSeconds } from '../base/clock.ts'
import { FINDING_HOLDERS, FINDING_KINDS, type FindingHolderKind, type FindingKind } from './finding.ts'
import { REMEDY_ACTS, type Remedy, remediesOf } from './remedy.ts'

/** Fields that a remedy must be given. */
function fieldsOf(app: TestApp, remedy: Remedy): object {
  if (remedy === 'set_expiry') return { expires_at: addSeconds(app.clock.now(), 30 * DAY).toISOString() }
  return remedy === 'revoke' || remedy === 'suspend' ? { reason: 'forgotten' } : {}
}

describe('remedies of findings', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    app.clock.advance({ days: 400 })
  })
  after(() => app.close())

  const ask = (id: string, body: object, as?: string | CallOptions) =>
    app.call(
      'POST',
      `/v1/findings/${id}/remedy`,
      body,
      as === undefined ? {} : typeof as === 'string' ? { as } : as,
    )
  const dryRun = async (id: string, remedy: Remedy, more: object = fieldsOf(app, remedy)) => {
    const shown = await ask(id, { remedy, dry_run: true, ...more })
    assert.equal(shown.status, 200, shown.text)
    return shown.body
  }
  const eventsOf = async (id: string) => (await app.call('GET', `/v1/audit-events?target_id=${id}`)).body.data

  /** Each kind with its first remedy, and each other remedy with one kind: of every holder. */
  const tried = new Set<string>()
  const cases = FINDING_HOLDERS.flatMap((about) =>
    FINDING_KINDS.filter((kind) => canBe(kind, about)).flatMap((kind) =>
      remediesOf(kind, about)
        .filter((remedy, n) => n === 0 || !tried.has(`${about} ${remedy}`))
        .map((remedy) => {
          tried.add(`${about} ${remedy}`)
          return [kind, about, remedy] as const
        }),
    ),
  )

  it('every kind of finding but an undelivered mail has a remedy', () => {
    const without = FINDING_KINDS.filter((kind) => !cases.some(([of]) => of === kind))
    assert.deepEqual(without, ['mail_given_up'])
  })

  for (const [kind, about, remedy] of cases)
    it(`${remedy} makes ${kind} of a ${about} disappear, and its dry run changes nothing`, async () => {
      const { holder, id } = await appear(app, kind, about, remedy)
      const events = await eventsOf(holder.id)
      const shown = await dryRun(id, remedy)
      assert.deepEqual([shown.dry_run, shown.closed, shown.secret], [true, true, null])
      if (remedy !== 'rotate') assert.notDeepEqual(shown.after, shown.before)
      assert.deepEqual(await eventsOf(holder.id), events)
      const done = await ask(id, { remedy, token: shown.token, ...fieldsOf(app, remedy) })
      assert.equal(done.status, 200, done.text)
      assert.deepEqual([done.body.dry_run, done.body.closed], [false, true])
      assert.deepEqual([done.body.before, done.body.after], [shown.before, shown.after])
      assert.equal(done.body.secret === null, remedy !== 'rotate')
      assert.equal((await app.call('GET', `/v1/findings/${id}`)).status, 404)
      const [latest] = await eventsOf(holder.id)
      assert.deepEqual([latest.detail.finding, latest.action.split('.')[0]], [id, about])
      assert.equal((await ask(id, { remedy, token: shown.token, ...fieldsOf(app, remedy) })).status, 404)
    })

  it('MGT-03: each act needs what its own operation needs', async () => {
    const { body: document } = await app.call('GET', '/openapi.json')
    const operations = new Map<string, { description: string; responses: object }>(
      Object.values(document.paths).flatMap((path) =>
        Object.values(path as object).map((each) => [each.operationId, each] as const),
      ),
    )
    const NAMES: Readonly<Record<string, string>> = {
      'key shrink_scopes': 'changeKey',
      'key pin_addresses': 'changeKey',
      'key set_expiry': 'changeKey',
      'key rotate': 'rotateKey',
      'key finish_rotation': 'finishKeyRotation',
      'key disable': 'disableKey',
      'key revoke': 'revokeKey',
      'client rotate': 'rotateClient',
      'client finish_rotation': 'finishClientRotation',
      'client suspend': 'suspendClient',
      'client revoke': 'revokeClient',
      'admin_key rotate': 'rotateAdminKey',
      'admin_key finish_rotation': 'finishAdminKeyRotation',
      'admin_key revoke': 'revokeAdminKey',
      'grant revoke': 'revokeGrant',
    }
    const acts = FINDING_HOLDERS.flatMap((about) =>
      Object.entries(REMEDY_ACTS[about]).map(([remedy, act]) => [`${about} ${remedy}`, act] as const),
    )
    for (const [name, act] of acts) {
      const operation = operations.get(NAMES[name] ?? '')
      assert.ok(operation !== undefined, name)
      assert.equal(operation.description, `Needs the permission \`${act.permission}\`.`, name)
      const isDangerous = JSON.stringify(operation.responses).includes('fresh_proof_required')
      assert.equal(act.isDangerous === true, isDangerous, name)
    }
  })

  it('says which callers of the last days a remedy would have refused', async () => {
    const { holder, id } = await appear(app, 'new_network', 'key', 'pin_addresses')
    const pinned = await dryRun(id, 'pin_addresses')
    assert.deepEqual(pinned.after.ip_allowlist, ['203.0.113.9'])
    const [lost] = pinned.refuses.callers
    assert.deepEqual(
      [pinned.refuses.callers.length, lost.ip, lost.user_agent, pinned.refuses.from],
      [1, '198.51.100.7', 'exporter/1.4', app.clock.now().toISOString()],
    )
    const both = await dryRun(id, 'pin_addresses', { ip_allowlist: ['203.0.113.0/24', '198.51.100.0/24'] })
    assert.deepEqual([both.refuses.callers, both.refuses.from], [[], null])
    const stopped = await dryRun(id, 'disable')
    assert.equal(stopped.refuses.callers.length, 2)

    const old = await app.db
      .selectFrom('findings')
      .select('id')
      .where('holder_id', '=', holder.id)
      .where('kind', '=', 'no_expiry')
      .executeTakeFirstOrThrow()
    const until = addSeconds(app.clock.now(), 10 * DAY).toISOString()
    const expiring = await dryRun(old.id, 'set_expiry', { expires_at: until })
    assert.deepEqual([expiring.refuses.from, expiring.refuses.callers.length], [until, 2])
    assert.deepEqual([expiring.before.expires_at, expiring.after.expires_at], [null, until])
  })

  it('says which scopes a key loses, with the last day on which each was exercised', async () => {
    const { holder, id } = await appear(app, 'over_scoped', 'key', 'shrink_scopes')
    await sql`insert into exercised_scopes values (${holder.id}, 'orders:write', ${ago(app, 99)})`.execute(
      app.db,
    )
    const shown = await dryRun(id, 'shrink_scopes')
    const [{ scope, last_day: lastDay }] = shown.refuses.scopes
    assert.deepEqual([scope, Date.parse(lastDay)], ['orders:write', ago(app, 99).getTime()])
    assert.deepEqual(shown.after.scopes, ['orders:read'])
  })

  it('MGT-03: refuses who may not do the act itself, whatever they may read', async () => {
    const { holder, id } = await appear(app, 'unused', 'key', 'disable')
    const { body: key } = await app.call('GET', `/v1/keys/${holder.id}`)
    const { token } = await dryRun(id, 'disable')
    const refused = async (as: string | CallOptions, body: object) => {
      const { status, body: problem } = await ask(id, body, as)
      return [status, problem.code]
    }
    const reader = await app.adminKeyWith(['findings:read', 'keys:read'])
    const writer = await app.adminKeyWith(['findings:write', 'findings:read', 'keys:read'])
    for (const as of [reader, writer])
      for (const body of [
        { remedy: 'disable', dry_run: true },
        { remedy: 'disable', token },
      ])
        assert.deepEqual(await refused(as, body), [403, 'insufficient_permission'])
    const blind = await app.adminKeyWith(['keys:write'])
    assert.deepEqual(await refused(blind, { remedy: 'disable', token }), [403, 'insufficient_permission'])
    const elsewhere = await app.adminKeyWith(['findings:read', 'keys:read', 'keys:write'], 'org_elsewhere')
    assert.deepEqual(await refused(elsewhere, { remedy: 'disable', token }), [404, 'not_found'])
    const { as: viewer } = await staffAs(app, 'viewer')
    assert.deepEqual(await refused(viewer, { remedy: 'disable', token }), [403, 'insufficient_permission'])
    const { as: developer } = await staffAs(app, 'developer')
    assert.deepEqual(await refused(developer, { remedy: 'disable', token }), [404, 'not_found'])
    assert.equal((await app.call('GET', `/v1/keys/${holder.id}`)).body.state, key.state)

    const owner = await app.adminKeyWith(['findings:read', 'keys:read', 'keys:revoke'], key.owner_id)
    const { body: own } = await ask(id, { remedy: 'disable', dry_run: true }, owner)
    assert.equal((await ask(id, { remedy: 'disable', token: own.token }, owner)).status, 200)
  })

  it('refuses what does not fit, what was not shown, and what is another by now', async () => {
    const { holder, id } = await appear(app, 'unused', 'key', 'disable')
    const refused = async (body: object, of = id) => {
      const { status, body: problem } = await ask(of, body)
      return [status, problem.code]
    }
    assert.deepEqual(await refused({ remedy: 'shrink_scopes', dry_run: true }), [
      409,
      'remedy_not_applicable',
    ])
    assert.deepEqual(await refused({ remedy: 'suspend', dry_run: true }), [409, 'remedy_not_applicable'])
    assert.deepEqual(await refused({ remedy: 'disable' }), [400, 'invalid_request'])
    assert.deepEqual(await refused({ remedy: 'disable', reason: 'x', dry_run: true }), [
      400,
      'invalid_request',
    ])
    assert.deepEqual(await refused({ remedy: 'disable', dry_run: true }, 'fnd_none'), [404, 'not_found'])
    const { token } = await dryRun(id, 'disable')
    assert.deepEqual(await refused({ remedy: 'revoke', token }), [409, 'finding_changed'])
    await app.call('PATCH', `/v1/keys/${holder.id}`, { scopes: ['orders:read'] })
    assert.deepEqual(await refused({ remedy: 'disable', token }), [409, 'finding_changed'])
    const { token: next } = await dryRun(id, 'disable')
    await used(app, holder, 1)
    assert.deepEqual(await refused({ remedy: 'disable', token: next }), [409, 'finding_gone'])
    assert.equal((await app.call('GET', `/v1/keys/${holder.id}`)).body.state, 'active')

    const ended = await appear(app, 'exposed', 'key', 'rotate')
    const before = await dryRun(ended.id, 'rotate')
    await app.call('POST', `/v1/keys/${ended.holder.id}/revoke`)
    assert.deepEqual(await refused({ remedy: 'rotate', token: before.token }, ended.id), [
      409,
      'finding_gone',
    ])

    const nowhere = await appear(app, 'new_network', 'key', 'pin_addresses')
    await sql`
      delete from last_addresses using secrets
      where secrets.id = secret_id and holder_id = ${nowhere.holder.id} and ip = '203.0.113.9'`.execute(
      app.db,
    )
    assert.deepEqual(await refused({ remedy: 'pin_addresses', dry_run: true }, nowhere.id), [
      409,
      'remedy_not_applicable',
    ])
  })

  it('KEY-09: refuses the values that the policy of the environment refuses, in a dry run too', async () => {
    const { id } = await appear(app, 'not_rotated', 'key', 'rotate')
    const { token } = await dryRun(id, 'rotate', { overlap_seconds: 5 * DAY })
    const tightened = await app.call('PATCH', '/v1/policies/live', { max_overlap_seconds: DAY })
    assert.equal(tightened.status, 200, tightened.text)
    for (const how of [{ dry_run: true }, { token }]) {
      const { status, body: problem } = await ask(id, { remedy: 'rotate', overlap_seconds: 5 * DAY, ...how })
      assert.deepEqual([status, problem.code], [400, 'overlap_too_long'])
    }
    await app.call('PATCH', '/v1/policies/live', { max_overlap_seconds: null })
    const endless = await appear(app, 'no_expiry', 'key', 'set_expiry')
    const past = { remedy: 'set_expiry', dry_run: true, expires_at: ago(app, 1).toISOString() }
    assert.equal((await ask(endless.id, past)).body.code, 'expiry_in_past')
  })

  it('MGT-15: of two remedies at once does one, and a lost answer is had again with its secret', async () => {
    const { holder, id } = await appear(app, 'exposed', 'key', 'rotate')
    const { token } = await dryRun(id, 'rotate')
    const body = { remedy: 'rotate', token }
    const revocation = { remedy: 'revoke', token: (await dryRun(id, 'revoke', {})).token }
    const both = await Promise.all([ask(id, body), ask(id, revocation)])
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 404])
    assert.equal((await app.call('GET', `/v1/keys/${holder.id}`)).status, 200)

    const other = await appear(app, 'exposed', 'key', 'rotate')
    const shown = await dryRun(other.id, 'rotate')
    const once = { headers: { 'idempotency-key': 'remedy-once' } }
    const first = await ask(other.id, { remedy: 'rotate', token: shown.token }, once)
    const second = await ask(other.id, { remedy: 'rotate', token: shown.token }, once)
    assert.match(first.body.secret, /^sk_live_/)
    assert.deepEqual([second.status, second.body], [200, first.body])
  })

  it('CON-13: a person proves who they are for what is dangerous, and sees its dry run without', async () => {
    const { id } = await appear(app, 'unused', 'client', 'revoke')
    const { as } = await staffAs(app, 'administrator')
    app.clock.advance({ seconds: 1200 })
    const shown = await ask(id, { remedy: 'revoke', dry_run: true }, as)
    assert.equal(shown.status, 200, shown.text)
    const done = await ask(id, { remedy: 'revoke', token: shown.body.token }, as)
    assert.deepEqual([done.status, done.body.code], [403, 'fresh_proof_required'])
  })
})

/** Findings that the facts of a holder can yield at all. */
function canBe(kind: FindingKind, about: FindingHolderKind): boolean {
  if (about === 'mail') return false
  if (kind === 'over_permitted') return about === 'admin_key'
  if (['over_scoped', 'new_network', 'foreign_network'].includes(kind)) return about === 'key'
  return about !== 'grant' || kind === 'never_used' || kind === 'unused'
}
