import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { ENGINE } from '../../test/database.ts'
import { chainHead } from '../audit/audit-event.store.ts'
import { addSeconds } from '../base/clock.ts'
import { MAX_HASHES } from '../changes/change.ts'
import { lockOwner } from './owner.store.ts'
import { expiriesIn, RACES, shortenDuring } from './shorten-races.fixture.ts'

const DAY = 86_400

describe('a policy that is tightened', () => {
  let app: TestApp
  beforeEach(async () => {
    app = await openTestApp()
  })
  /** A new app, with 90 days configured. */
  const openWith90Days = async () => {
    await app.close()
    const policy = { environments: ['live'], maxLifetimeSeconds: 90 * DAY, maxKeysPerOwner: 10 }
    app = await openTestApp({ policy })
  }
  afterEach(() => app.close())

  const tighten = async (days: number | null, more: object = {}) => {
    const max_lifetime_seconds = days === null ? null : days * DAY
    const answer = await app.call('PATCH', '/v1/owners/org_1', {
      max_lifetime_seconds,
      apply_at_once: true,
      ...more,
    })
    assert.equal(answer.status, 200, answer.text)
    const { secrets_shortened: shortened, secrets_ended: ended } = answer.body
    return { shortened, ended }
  }
  const key = (more: object = {}, ownerId = 'org_1') => app.keyFor(ownerId, { scopes: [], ...more })
  const post = async (id: string, verb: string, body: object = {}) => {
    const answer = await app.call('POST', `/v1/keys/${id}/${verb}`, body)
    assert.equal(answer.status, 200, answer.text)
    return answer.body
  }
  const read = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body
  const verdict = async (secret: string) => {
    const { body } = await app.call('POST', '/v1/verify', { credential: secret })
    return body.valid ? 'valid' : body.refusal.reason
  }
  const inDays = (days: number) => addSeconds(app.clock.now(), days * DAY).toISOString()
  /** All rows that a change could leave behind. */
  const everything = async () => {
    const [secrets, owners, head, outbox] = await Promise.all([
      app.db.selectFrom('secrets').selectAll().orderBy('id').execute(),
      app.db.selectFrom('owners').selectAll().orderBy('id').execute(),
      chainHead(app.db),
      app.db.selectFrom('changes_head').selectAll().execute(),
    ])
    return { secrets, owners, head, outbox }
  }

  it('KEY-09: no secret outlives it, from its creation; those past it end at once, those that end before stay', async () => {
    const old = await key()
    app.clock.advance({ days: 20 })
    const [endless, brief, other] = [
      await key(),
      await key({ lifetime_seconds: 3600 }),
      await key({}, 'org_2'),
    ]
    const made = app.clock.now()
    app.clock.advance({ seconds: 60 })
    assert.deepEqual(await tighten(10), { shortened: 1, ended: 1 })
    assert.equal((await read(old.id)).state, 'expired')
    assert.equal(await verdict(old.secret), 'expired')
    assert.equal((await read(endless.id)).expires_at, addSeconds(made, 10 * DAY).toISOString())
    assert.equal((await read(brief.id)).expires_at, addSeconds(made, 3600).toISOString())
    assert.equal((await read(other.id)).expires_at, null)
    assert.deepEqual(await Promise.all([endless, brief, other].map(({ secret }) => verdict(secret))), [
      'valid',
      'valid',
      'valid',
    ])
    app.clock.advance({ days: 10, seconds: -60 })
    assert.equal(await verdict(endless.secret), 'expired')
    assert.equal((await app.call('POST', `/v1/keys/${old.id}/rotate`, {})).body.code, 'key_expired')
  })

  it('KEY-09: without the operator’s word for it nothing ends sooner than the longest notice', async () => {
    const old = await key()
    app.clock.advance({ days: 20 })
    const [young, later] = [await key(), await key({ lifetime_seconds: 25 * DAY })]
    assert.deepEqual(await tighten(10, { apply_at_once: false, dry_run: true }), { shortened: 2, ended: 0 })
    assert.deepEqual(await tighten(10, { apply_at_once: false }), { shortened: 2, ended: 0 })
    const expiries = await Promise.all([old, young, later].map(async ({ id }) => (await read(id)).expires_at))
    assert.deepEqual(expiries, [inDays(30), inDays(30), inDays(25)])
    assert.equal(await verdict(old.secret), 'valid')
    await tighten(10, { apply_at_once: false, notice_tiers: [7, 1] })
    assert.equal((await read(old.id)).expires_at, inDays(7))
    app.clock.advance({ days: 7 })
    assert.equal(await verdict(old.secret), 'expired')
  })

  it('KEY-09 KEY-11: shortens both secrets of a rotation, and undoing the rotation does not extend them', async () => {
    const { id } = await key()
    app.clock.advance({ days: 1 })
    await post(id, 'rotate', { overlap_seconds: 3600 })
    const [next, old] = (await read(id)).secrets
    assert.deepEqual(await tighten(10), { shortened: 2, ended: 0 })
    const [nextAfter, oldAfter] = (await read(id)).secrets
    assert.deepEqual([nextAfter.expires_at, oldAfter.expires_at], [inDays(10), inDays(9)])
    assert.deepEqual([nextAfter.id, oldAfter.id, oldAfter.retires_at], [next.id, old.id, old.retires_at])
    await post(id, 'rotation/undo')
    assert.equal((await read(id)).expires_at, inDays(9))
  })

  it('KEY-11: an overlap never outlives the old secret, which a policy shortened', async () => {
    const { id, secret } = await key()
    app.clock.advance({ days: 9 })
    const { secret: successor } = await post(id, 'rotate', { overlap_seconds: 30 * DAY })
    assert.deepEqual(await tighten(10), { shortened: 2, ended: 0 })
    assert.equal((await read(id)).rotation.ends_at, inDays(1))
    app.clock.advance({ days: 1 })
    assert.deepEqual([await verdict(secret), await verdict(successor)], ['rotated', 'valid'])
  })

  it('KEY-09: shortens secrets of disabled and suspended holders too; ended ones are neither changed nor counted', async () => {
    const expired = await key({ lifetime_seconds: 12 * DAY })
    app.clock.advance({ days: 12 })
    const [disabled, revoked, finished, undone] = [await key(), await key(), await key(), await key()]
    app.clock.advance({ days: 1 })
    await post(disabled.id, 'disable')
    await post(revoked.id, 'revoke')
    for (const { id } of [finished, undone]) await post(id, 'rotate', { overlap_seconds: 3600 })
    await post(finished.id, 'rotation/finish')
    await post(undone.id, 'rotation/undo')
    await app.call('POST', '/v1/owners/org_1/suspend', { reason: 'unpaid' })
    const expiriesOf = async ({ id }: { id: string }) =>
      (await read(id)).secrets.map((secret: { expires_at: string | null }) => secret.expires_at)
    const before = await expiriesOf(expired)

    assert.deepEqual(await tighten(10, { dry_run: true }), { shortened: 3, ended: 0 })
    assert.deepEqual(await tighten(10), { shortened: 3, ended: 0 })
    assert.deepEqual(await expiriesOf(disabled), [inDays(9)])
    assert.deepEqual(await expiriesOf(finished), [inDays(10), null])
    assert.deepEqual(await expiriesOf(undone), [null, inDays(9)])
    assert.deepEqual(await expiriesOf(revoked), [null])
    assert.deepEqual(await expiriesOf(expired), before)
  })

  it('KEY-09: shortens secrets of the owner’s clients, not those of the API provider’s', async () => {
    const [client, provider] = [await app.clientFor('org_1'), await app.clientFor(null)]
    const made = app.clock.now()
    app.clock.advance({ days: 1 })
    assert.deepEqual(await tighten(10), { shortened: 1, ended: 0 })
    const expiryOf = async ({ client_id: id }: { client_id: string }) =>
      (await app.call('GET', `/v1/clients/${id}`)).body.secrets[0].expires_at
    assert.deepEqual(
      [await expiryOf(client), await expiryOf(provider)],
      [addSeconds(made, 10 * DAY).toISOString(), null],
    )
  })

  it('KEY-09: a dry run returns what a change would shorten, and changes nothing', async () => {
    await key()
    await app.clientFor('org_1')
    app.clock.advance({ days: 11 })
    const { id } = await key()
    await post(id, 'rotate', { overlap_seconds: 3600 })
    const before = await everything()
    const asked = { max_lifetime_seconds: 10 * DAY, apply_at_once: true, name: 'Acme', dry_run: true }
    const { body } = await app.call('PATCH', '/v1/owners/org_1', asked)
    assert.deepEqual([body.name, body.max_lifetime_seconds], ['Acme', 10 * DAY])
    assert.deepEqual([body.secrets_shortened, body.secrets_ended], [2, 2])
    assert.deepEqual(await everything(), before)
    assert.deepEqual(await tighten(10), { shortened: 2, ended: 2 })
  })

  it('KEY-09: a looser policy extends nothing; going back to a stricter configuration shortens', async () => {
    await openWith90Days()
    const { id } = await key()
    const expiry = async () => (await read(id)).expires_at
    await tighten(10)
    assert.equal(await expiry(), inDays(10))
    for (const days of [365, null]) {
      assert.deepEqual(await tighten(days), { shortened: 0, ended: 0 })
      assert.equal(await expiry(), inDays(10))
    }
    await tighten(365)
    const { id: long } = await key()
    assert.equal((await read(long)).expires_at, inDays(365))
    assert.deepEqual(await tighten(null, { dry_run: true }), { shortened: 1, ended: 0 })
    assert.deepEqual(await tighten(null), { shortened: 1, ended: 0 })
    assert.equal((await read(long)).expires_at, inDays(90))
  })

  it('KEY-09: a change without a lifetime shortens nothing, however long keys live', async () => {
    await openWith90Days()
    const { id } = await key()
    // Like a key created before the 90 days were configured.
    await app.db.updateTable('secrets').set({ expires_at: null }).where('holder_id', '=', id).execute()
    for (const body of [{ max_keys: 1 }, { name: 'Acme' }, { max_lifetime_seconds: null }]) {
      const answer = await app.call('PATCH', '/v1/owners/org_1', body)
      assert.deepEqual([answer.body.secrets_shortened, answer.body.secrets_ended], [0, 0])
    }
    assert.equal((await read(id)).expires_at, null)
  })

  it('AUD-01: the audit log holds the new policy, and the number of shortened secrets', async () => {
    await key()
    app.clock.advance({ days: 11 })
    await key()
    await tighten(10, { max_keys: 5 })
    await app.call('PATCH', '/v1/owners/org_1', { name: 'Acme' })
    const { body } = await app.call('GET', '/v1/audit-events?owner_id=org_1&action=owner.changed')
    assert.deepEqual(
      body.data.map(({ detail }: { detail: object }) => detail),
      [
        { name: 'Acme', notice_contacts: [] },
        {
          name: null,
          notice_contacts: [],
          max_lifetime_seconds: 10 * DAY,
          max_keys: 5,
          secrets_shortened: 1,
          secrets_ended: 1,
          at_once: true,
        },
      ],
    )
  })

  it('KEY-10 MGT-07: verifiers are notified of the shortened secrets, of no others, and of the owner if they are too many', async () => {
    const reached = [await key(), await key()]
    await key({ lifetime_seconds: 60 })
    const announced = async () => {
      const change = app.db
        .selectFrom('changes')
        .select(['action', 'hashes', 'owner_ids'])
        .orderBy('position', 'desc')
        .limit(1)
      const { action, hashes, owner_ids: ownerIds } = await change.executeTakeFirstOrThrow()
      return [action, hashes?.length ?? ownerIds]
    }
    await tighten(10)
    assert.deepEqual(await announced(), ['owner.changed', reached.length])
    await sql`
      insert into secrets (hash, id, holder_id, hint, created_at, retires_at)
      select sha256(n::text::bytea), 'sec_' || n, ${reached[0]?.id}, 'x', ${app.clock.now()}::timestamptz, '2090-01-01'
      from generate_series(1, ${MAX_HASHES + 1}) as n`.execute(app.db)
    await tighten(9)
    assert.deepEqual(await announced(), ['owner.changed', ['org_1']])
  })

  it('KEY-09: no key escapes that is created, changed or rotated while the policy is tightened', async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => key()))
    const client = await app.clientFor('org_1')
    await Promise.all([
      ...keys.map(({ id }) => app.call('POST', `/v1/keys/${id}/rotate`, {})),
      ...[1, 2, 3, 4].map(() => key()),
      app.call('POST', `/v1/clients/${client.client_id}/rotate`, {}),
      tighten(10),
      ...keys.map(({ id }) => app.call('PATCH', `/v1/keys/${id}`, { expires_at: inDays(300) })),
      ...[1, 2, 3, 4].map(() => key()),
      app.clientFor('org_1'),
    ])
    assert.deepEqual(await expiriesIn(app), new Set([inDays(10)]))
  })

  const skip = ENGINE === 'pglite' ? 'one connection: nothing waits for a lock' : false
  for (const [what, change] of RACES)
    it(`KEY-09: ${what}, and not committed before the policy is tightened: is waited for, and shortened`, {
      skip,
    }, async () => {
      await shortenDuring(app, change, () => tighten(10))
      assert.deepEqual(await expiriesIn(app), new Set([inDays(10)]))
    })

  it('KEY-09: changes of a key or a client wait for no owner while they hold its row, so that they deadlock with no policy', {
    skip,
  }, async () => {
    const acts: readonly (readonly [method: string, verb: string, body: object])[] = [
      ['POST', '/rotate', { overlap_seconds: 3600 }],
      ['POST', '/rotation/undo', {}],
      ['POST', '/rotate', { overlap_seconds: 3600 }],
      ['PATCH', '', { expires_at: inDays(300) }],
      ['POST', '/rotation/finish', {}],
      ['POST', '/rotate', { overlap_seconds: 0 }],
      ['POST', '/disable', {}],
      ['POST', '/enable', {}],
      ['POST', '/revoke', {}],
    ]
    const ofClient: typeof acts = [
      ['POST', '/rotate', { overlap_seconds: 3600 }],
      ['POST', '/rotation/undo', {}],
      ['PATCH', '', { name: 'Other' }],
      ['POST', '/suspend', { reason: 'unpaid' }],
      ['POST', '/resume', {}],
      ['POST', '/revoke', {}],
    ]
    const [{ id }, client] = [await key(), await app.clientFor('org_1')]
    await app.db.transaction().execute(async (tx) => {
      await lockOwner(tx, 'every_owner', 'org_1')
      for (const [path, each] of [
        [`/v1/keys/${id}`, acts],
        [`/v1/clients/${client.client_id}`, ofClient],
      ] as const)
        for (const [method, verb, body] of each) {
          const answer = await app.call(method, `${path}${verb}`, body)
          assert.equal(answer.status, 200, `${method} ${path}${verb}: ${answer.text}`)
        }
    })
  })
})
