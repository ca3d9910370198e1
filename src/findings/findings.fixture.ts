import assert from 'node:assert/strict'
import { hashCredential } from '@doorward/sdk/kernel'
import type { TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { staffAs } from '../../test/staff.ts'
import { giveUpOld } from '../notices/mail.store.ts'
import { findFindings } from './find-findings.ts'
import type { FindingKind } from './finding.ts'

/** A holder of which one kind is found. */
export interface Made {
  readonly id: string
  /** Default: the holder. */
  readonly subject?: string
  readonly evidence: object
}

export const find = (app: TestApp) => findFindings(app.db, app.clock.now())

export async function findingsOf(app: TestApp, id: string, kind?: FindingKind) {
  const query = new URLSearchParams({ holder_id: id, ...(kind === undefined ? {} : { kind }) })
  return (await app.call('GET', `/v1/findings?${query}`)).body.data
}

export async function secretOf(app: TestApp, id: string): Promise<string> {
  return (await app.call('GET', `/v1/keys/${id}`)).body.secrets[0].id
}

let batches = 0
/** Reports accepted calls with some secrets, as guards do. */
export async function use(
  app: TestApp,
  secretIds: readonly string[],
  { scope = '', ips = ['198.51.100.7'], exposed = [] as object[] } = {},
): Promise<void> {
  const at = app.clock.now().toISOString()
  batches += 1
  const items = secretIds.flatMap((id) =>
    ips.map((ip) => ({
      ...{ credential_id: id, outcome: 'accepted', scope, minute: at, count: 1, calls: 1 },
      ...{ last_at: at, last_ip: ip, last_user_agent: null },
    })),
  )
  const { body } = await app.call('POST', '/v1/usage-batches', {
    id: `batch_findings_${batches}`,
    items,
    exposed,
  })
  assert.deepEqual(body.not_taken, [])
}

const isoOf = (app: TestApp) => app.clock.now().toISOString()

/** Makes a holder of each kind: a kind without one does not compile. */
export const MAKE: Readonly<Record<FindingKind, (app: TestApp) => Promise<Made>>> = {
  no_expiry: async (app) => {
    const { id } = await app.keyFor('org_a')
    return { id, evidence: { secret_created_at: isoOf(app) } }
  },
  not_rotated: async (app) => {
    const { id } = await app.keyFor('org_a', { lifetime_seconds: 200 * 86_400 })
    const evidence = { secret_created_at: isoOf(app) }
    app.clock.advance({ days: 90 })
    return { id, evidence }
  },
  never_used: async (app) => {
    const { id } = await app.keyFor('org_a')
    const evidence = { created_at: isoOf(app) }
    app.clock.advance({ days: 90 })
    return { id, evidence }
  },
  unused: async (app) => {
    const { id } = await app.keyFor('org_a')
    const evidence = { last_used_at: isoOf(app) }
    await use(app, [await secretOf(app, id)])
    app.clock.advance({ days: 90 })
    return { id, evidence }
  },
  over_scoped: async (app) => {
    const { id } = await app.keyFor('org_a', { scopes: ['orders:read', 'orders:write'] })
    const secretId = await secretOf(app, id)
    await use(app, [secretId], { scope: 'orders:read' })
    app.clock.advance({ days: 91 })
    await use(app, [secretId], { scope: 'orders:read' })
    return { id, evidence: { unused_scopes: ['orders:write'], used_scopes: ['orders:read'] } }
  },
  rotation_overdue: async (app) => {
    const { id } = await app.keyFor('org_a')
    const startedAt = isoOf(app)
    await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 30 * 86_400 })
    app.clock.advance({ days: 8 })
    const { secrets, rotation } = (await app.call('GET', `/v1/keys/${id}`)).body
    const old = secrets.find((each: { retires_at: string | null }) => each.retires_at !== null)
    const next = secrets.find((each: { retires_at: string | null }) => each.retires_at === null)
    await use(app, [old.id, next.id])
    const evidence = {
      ...{ old_hint: old.hint, old_last_used_at: isoOf(app), old_last_used_ip: '198.51.100.7' },
      ...{ new_hint: next.hint, new_last_used_at: isoOf(app) },
      ...{ started_at: startedAt, ends_at: rotation.overlap_ends_at ?? old.retires_at },
    }
    return { id, subject: old.id, evidence }
  },
  new_network: async (app) => {
    const { id } = await app.keyFor('org_a')
    const secretId = await secretOf(app, id)
    await use(app, [secretId], { ips: ['198.51.100.7', '198.51.100.8'] })
    app.clock.advance({ days: 14 })
    await use(app, [secretId], { ips: ['2001:0DB8:0001:2::5'] })
    const evidence = {
      ...{ network: '2001:db8:1::/48', first_seen_at: isoOf(app), last_seen_at: isoOf(app) },
      known_networks: ['198.51.100.0/24'],
    }
    return { id, subject: '2001:db8:1::/48', evidence }
  },
  foreign_network: async (app) => {
    const [one, other, strange] = [
      await app.keyFor('org_mixed'),
      await app.keyFor('org_mixed'),
      await app.keyFor('org_mixed', { environment: 'test' }),
    ]
    for (const { id } of [one, other, strange])
      await use(app, [await secretOf(app, id)], { ips: ['203.0.113.9'] })
    const evidence = {
      ...{ network: '203.0.113.0/24', last_seen_at: isoOf(app) },
      ...{ environments: ['live'], keys_there: 2 },
    }
    return { id: strange.id, subject: '203.0.113.0/24', evidence }
  },
  exposed: async (app) => {
    const { id, secret } = await app.keyFor('org_a')
    await use(app, [], { exposed: [{ hash: hashCredential(secret), at: isoOf(app), ip: null }] })
    const { secrets } = (await app.call('GET', `/v1/keys/${id}`)).body
    const [{ id: subject, hint }] = secrets
    return { id, subject, evidence: { secret_hint: hint, exposed_at: isoOf(app) } }
  },
  over_permitted: async (app) => {
    const asked = { name: 'reader', permissions: ['keys:read', 'owners:write'] }
    const { body: key } = await app.call('POST', '/v1/admin-keys', asked)
    app.clock.advance({ days: 90 })
    await app.call('GET', '/v1/keys?limit=1', undefined, { as: key.secret })
    await usesStored(app, key.id)
    const evidence = { unused_permissions: ['owners:write'], used_permissions: ['keys:read'] }
    return { id: key.id, evidence }
  },
  mail_given_up: async (app) => {
    await staffAs(app, 'administrator')
    const { body: mail } = await app.call('POST', '/v1/mails/test', { to: 'nobody@tidewater.example' })
    app.clock.advance({ days: 3 })
    await giveUpOld(app.db, app.clock.now(), 'no mail server is configured')
    const evidence = {
      ...{ to: 'nobody@tidewater.example', subject: mail.subject, given_up_at: isoOf(app) },
      answer: 'no mail server is configured',
    }
    return { id: mail.id, evidence }
  },
}

/** Waits until the use of an admin key is stored, which servers do every few seconds. */
async function usesStored(app: TestApp, id: string): Promise<void> {
  const isStored = async () => {
    const { secrets } = (await app.call('GET', `/v1/admin-keys/${id}`)).body
    return secrets.some((each: { last_used_at: string | null }) => each.last_used_at !== null)
  }
  await eventually(isStored, true, 'the use of an admin key was not stored')
}
