import { after, before, describe, it } from 'node:test'
import type { TestApp } from '../app.ts'
import { noChromium } from '../chromium.ts'
import { type Desk, openDesk } from './desk.ts'

// A file of its own: fifty looks with axe take minutes on a busy machine.
/** Colours do not depend on the width. */
const WINDOWS = [
  [1280, 'light'],
  [390, 'dark'],
] as const

describe('the pages about keys in the dashboard, in every state', { skip: noChromium }, () => {
  let desk: Desk
  before(async () => {
    desk = await openDesk()
    const scope = { description: 'Place orders for you', sensitivity: 'sensitive' }
    await desk.app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
    await desk.app.call('POST', '/v1/scopes', { name: 'orders:write', implies: ['orders:read'], ...scope })
  })
  after(() => desk?.close())

  it('WEB-13: is without serious findings in every state, wide and narrow, light and dark', async () => {
    const { app } = desk
    const nightly = await app.keyFor('org_42', { name: 'nightly export', scopes: ['orders:read'] })
    const { id } = await app.keyFor('org_8', { name: 'rotating now' })
    await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 3600 })
    const stopped = await stoppedWithSilentSdk(app)
    for (const [width, colorScheme] of WINDOWS) {
      await using seat = await desk.open('administrator', {
        viewport: { width, height: 900 },
        colorScheme,
      })
      const { page } = seat
      for (const [what, path] of [
        ['keys', '/keys?state=active'],
        ['keys-none', '/keys?state=live&q=nothing-like-it'],
        ['new-key', '/keys/new?owner_id=org_42&name=x&scopes=orders:write'],
        ['key', `/keys/${nightly.id}`],
        ['edit-key', `/keys/${nightly.id}/edit`],
        ['end-key', `/keys/${nightly.id}/end`],
        ['rotate-key', `/keys/${nightly.id}/rotate`],
        ['rotation', `/keys/${id}/rotate`],
        ['change-many', `/keys/change?ids=${nightly.id}&act=disable`],
        ['key-stopped', `/keys/${stopped}`],
        ['missing', '/nowhere'],
      ] as const) {
        await seat.go(path)
        await seat.look(what)
      }
      await seat.go(`/keys/${stopped}`)
      await page.getByText('Refused at 1 of 2 verifiers so far.').waitFor()
      await page.getByText('Verifiers', { exact: true }).click()
      await page.getByRole('rowheader', { name: 'orders-api' }).waitFor()
      await seat.look('verifiers')
      await seat.go(`/keys/${id}/rotate`)
      await page.getByRole('button', { name: 'Finish: end the old secret' }).click()
      await page.getByRole('dialog').waitFor()
      await seat.look('rotation-finish')
      await seat.go(`/keys/new?owner_id=org_42&name=look+${width}+${colorScheme}`)
      await page.getByRole('button', { name: 'Create key' }).click()
      await page.getByRole('textbox', { name: 'Secret', exact: true }).waitFor()
      await seat.look('secret')
    }
  })
})

/** A revoked key, and an SDK that has not confirmed it. */
async function stoppedWithSilentSdk(app: TestApp): Promise<string> {
  const sdk = {
    id: '00000000-0000-4000-8000-000000000001',
    name: 'orders-api',
    applied: '0',
    bound_ms: 5_000,
  }
  await app.call('POST', '/v1/verifier-reports', { ...sdk, applied_ago_ms: 0, running_ms: 60_000 })
  const { id } = await app.keyFor('org_42', { name: 'leaked' })
  app.clock.advance({ ms: 1 })
  await app.call('POST', `/v1/keys/${id}/revoke`, { reason: 'found in a public repository' })
  return id
}
