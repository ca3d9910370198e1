import type { TestApp } from '../../test/app.ts'
import { waitForLocks } from '../../test/lock-waits.ts'
import { chainHead } from '../audit/audit-event.store.ts'
import { addSeconds } from '../base/clock.ts'

/** A change of org_1, which has a key and a client. */
type Change = (app: TestApp, ids: { readonly keyId: string; readonly clientId: string }) => Promise<unknown>

/** Changes that may be under way, and not committed, when the longest lifetime is shortened. */
export const RACES: readonly (readonly [what: string, change: Change])[] = [
  ['a key is made', (app) => app.keyFor('org_1', { scopes: [] })],
  ['a client is registered', (app) => app.clientFor('org_1', { environment: 'live' })],
  ['a key is rotated', (app, { keyId }) => app.call('POST', `/v1/keys/${keyId}/rotate`, {})],
  [
    'an expiry is moved',
    (app, { keyId }) => {
      const expires_at = addSeconds(app.clock.now(), 300 * 86_400).toISOString()
      return app.call('PATCH', `/v1/keys/${keyId}`, { expires_at })
    },
  ],
  ['a client is rotated', (app, { clientId }) => app.call('POST', `/v1/clients/${clientId}/rotate`, {})],
]

/** Shortens the lifetime during a change: both get as far as the audit log, in this order. */
export async function shortenDuring(
  app: TestApp,
  change: Change,
  shorten: () => Promise<unknown>,
): Promise<void> {
  await app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'Reads' })
  const { id: keyId } = await app.keyFor('org_1', { scopes: [] })
  const { client_id: clientId } = await app.clientFor('org_1', { environment: 'live' })
  const both = await app.db.transaction().execute(async (tx) => {
    // Every change takes this lock last.
    await chainHead(tx, 'lock')
    const changing = change(app, { keyId, clientId })
    await waitForLocks(app.db, 1)
    const shortening = shorten()
    await waitForLocks(app.db, 2)
    return [changing, shortening]
  })
  await Promise.all(both)
}

/** The different expiries of all secrets of keys and clients. */
export async function expiriesIn(app: TestApp): Promise<ReadonlySet<string | undefined>> {
  const secrets = await app.db.selectFrom('secrets').select(['holder_id', 'expires_at']).execute()
  const ofHolders = secrets.filter(({ holder_id }) => /^(key|cli)_/.test(holder_id))
  return new Set(ofHolders.map(({ expires_at }) => expires_at?.toISOString()))
}
