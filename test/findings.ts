import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { addSeconds } from '../src/base/clock.ts'
import type { FindingHolderKind, FindingKind, FindingHolder as Holder } from '../src/findings/finding.ts'
import { refreshFindings } from '../src/findings/refresh-findings.ts'
import type { Remedy } from '../src/findings/remedy.ts'
import { insertGrant } from '../src/oauth/grants/grant.store.ts'
import type { TestApp } from './app.ts'

export const DAY = 86_400

/** Makes the cause of a finding about a holder that was just made. */
type Cause = (app: TestApp, holder: Holder, remedy: Remedy) => Promise<unknown>

/** The moment so many days before now. */
export const ago = (app: TestApp, days: number) => addSeconds(app.clock.now(), -days * DAY)
const TABLES = { key: 'keys', admin_key: 'admin_keys', client: 'clients', grant: 'grants' } as const

/** Makes a holder older, with its secrets. */
async function age(app: TestApp, { kind, id }: Holder, days: number): Promise<void> {
  if (kind === 'mail') return
  const column = kind === 'grant' ? 'granted_at' : 'created_at'
  const at = ago(app, days)
  await sql`update ${sql.table(TABLES[kind])} set ${sql.ref(column)} = ${at} where id = ${id}`.execute(app.db)
  await sql`update secrets set created_at = ${at} where holder_id = ${id}`.execute(app.db)
}

/** Uses a holder, with all its secrets. */
export async function used(app: TestApp, { kind, id }: Holder, days: number): Promise<void> {
  const at = ago(app, days)
  await sql`update secrets set last_used_at = ${at}, last_used_ip = '203.0.113.9' where holder_id = ${id}`.execute(
    app.db,
  )
  if (kind === 'grant') await sql`update grants set last_used_at = ${at} where id = ${id}`.execute(app.db)
}

async function rotate(app: TestApp, { kind, id }: Holder): Promise<void> {
  const path = { key: 'keys', admin_key: 'admin-keys', client: 'clients' }[kind as 'key']
  const done = await app.call('POST', `/v1/${path}/${id}/rotate`, { overlap_seconds: 60 * DAY })
  assert.equal(done.status, 200, done.text)
}

/** A key was accepted from some addresses, which its networks hold too. */
async function seen(app: TestApp, id: string, network: string, ip: string, days: number): Promise<void> {
  const at = ago(app, days)
  await sql`
    insert into seen_networks (key_id, network, owner_id, environment, first_at, last_at)
    select id, ${network}, owner_id, environment, ${at}, ${ago(app, 1)} from keys where id = ${id}`.execute(
    app.db,
  )
  await sql`
    insert into last_addresses (secret_id, ip, at, outcome, user_agent)
    select id, ${ip}, ${ago(app, 1)}, 'accepted', 'exporter/1.4' from secrets where holder_id = ${id}`.execute(
    app.db,
  )
}

const CAUSES: Readonly<Record<FindingKind, Cause>> = {
  no_expiry: async () => {},
  not_rotated: (app, holder) => age(app, holder, 100),
  never_used: (app, holder) => age(app, holder, 100),
  unused: (app, holder) => used(app, holder, 100),
  over_scoped: async (app, holder) => {
    await age(app, holder, 100)
    await sql`
      insert into usage_days (credential_id, bucket, outcome, scope, count, calls)
      values ('scopes', ${ago(app, 120)}, 'accepted', 'orders:read', 1, 1) on conflict do nothing`.execute(
      app.db,
    )
    await sql`
      insert into exercised_scopes (key_id, scope, last_day)
      values (${holder.id}, 'orders:read', ${ago(app, 2)})`.execute(app.db)
  },
  rotation_overdue: async (app, holder) => {
    await rotate(app, holder)
    await sql`update secrets set created_at = ${ago(app, 8)} where holder_id = ${holder.id} and retires_at is null`.execute(
      app.db,
    )
    await used(app, holder, 1)
  },
  new_network: async (app, { id }) => {
    await seen(app, id, '203.0.113.0/24', '203.0.113.9', 60)
    await seen(app, id, '198.51.100.0/24', '198.51.100.7', 3)
  },
  foreign_network: async (app, { id }) => {
    await seen(app, id, '192.0.2.0/24', '192.0.2.1', 60)
    await seen(app, id, '203.0.113.0/24', '203.0.113.9', 60)
    const { body: key } = await app.call('GET', `/v1/keys/${id}`)
    for (const _ of [1, 2]) {
      const other = await app.keyFor(key.owner_id, { environment: 'test' })
      await seen(app, other.id, '203.0.113.0/24', '203.0.113.9', 60)
    }
  },
  exposed: async (app, holder, remedy) => {
    if (remedy === 'finish_rotation') await rotate(app, holder)
    const of = remedy === 'finish_rotation' ? sql`retires_at is not null` : sql`true`
    await sql`update secrets set exposed_at = ${app.clock.now()} where holder_id = ${holder.id} and ${of}`.execute(
      app.db,
    )
  },
  over_permitted: async (app, { id }) => {
    await age(app, { kind: 'admin_key', id }, 100)
    await sql`update finding_settings set permissions_since = ${ago(app, 200)}`.execute(app.db)
    await sql`
      insert into exercised_permissions (admin_key_id, permission, last_day)
      values (${id}, 'keys:read', ${ago(app, 1)})`.execute(app.db)
  },
  mail_given_up: async () => {},
}

let made = 0

async function make(app: TestApp, kind: FindingHolderKind): Promise<Holder> {
  const owner = `org_${++made}`
  switch (kind) {
    case 'key':
      return { kind, id: (await app.keyFor(owner, { scopes: ['orders:read', 'orders:write'] })).id }
    case 'admin_key': {
      const asked = { name: owner, permissions: ['keys:read', 'keys:write'] }
      return { kind, id: (await app.call('POST', '/v1/admin-keys', asked)).body.id }
    }
    case 'client':
      return { kind, id: (await app.clientFor(owner)).client_id }
    case 'grant': {
      const { client_id: clientId } = await app.clientFor(owner)
      const grant = {
        ...{ id: `grt_${owner.replace('_', '0')}`, userId: `usr_${made}`, clientId, ownerId: owner },
        ...{ scopes: ['orders:read'], implied: [], shown: { scopes: [] } as never },
        ...{ createdAt: app.clock.now(), expiresAt: null },
      }
      await app.db.transaction().execute((tx) => insertGrant(tx, grant))
      return { kind, id: grant.id }
    }
    case 'mail':
      throw new Error('nothing is made for a mail')
  }
}

/** Makes a holder with a finding of a kind, for which a remedy is wanted. @returns the id of the finding */
export async function appear(app: TestApp, kind: FindingKind, about: FindingHolderKind, remedy: Remedy) {
  const holder = await make(app, about)
  await CAUSES[kind](app, holder, remedy)
  await refresh(app, holder)
  const { body } = await app.call('GET', `/v1/findings?kind=${kind}&holder_id=${holder.id}`)
  assert.equal(body.data.length, 1, `${kind} of ${about}: ${JSON.stringify(body)}`)
  return { holder, id: body.data[0].id as string }
}

async function refresh(app: TestApp, holder: Holder): Promise<void> {
  await app.db.transaction().execute((tx) => refreshFindings(tx, holder, app.clock.now()))
}
