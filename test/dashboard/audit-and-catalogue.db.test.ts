import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { newId } from '../../src/base/id.ts'
import { pngOf } from '../../src/branding/logo.fixture.ts'
import { replaceRecoveryCodes } from '../../src/staff/factors/recovery-code.store.ts'
import { replaceTotp } from '../../src/staff/factors/totp.store.ts'
import { noChromium } from '../chromium.ts'
import { eventually } from '../eventually.ts'
import { staffAs } from '../staff.ts'
import { type Desk, openDesk, placesWith } from './desk.ts'

describe('audit, scopes and settings in the dashboard', { skip: noChromium }, () => {
  let desk: Desk
  let key: { id: string; secret: string }
  before(async () => {
    desk = await openDesk()
    const { app } = desk
    await app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
    await app.call('POST', '/v1/scopes', { name: 'spare:read', description: 'See what nobody reads' })
    key = await app.keyFor('org_42', { name: 'nightly export', scopes: ['orders:read'] })
    await app.call('PATCH', `/v1/keys/${key.id}`, { name: 'hourly export' })
    app.clock.advance({ hours: 1 })
  })
  after(() => desk?.close())

  it('AUD-07: filters the log in the URL, says before and after, and exports the filter', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/audit')
    await seat.look('audit')
    await page.getByLabel('What happened').selectOption('key.changed')
    await page.waitForURL(/action=key\.changed/)
    await page.getByRole('button', { name: /^Details of key\.changed/ }).click()
    const dialog = page.getByRole('dialog', { name: 'key.changed' })
    const row = dialog.getByRole('row', { name: /^name/ })
    await row.getByText('nightly export').waitFor()
    await eventually(() => row.textContent(), /nightly export.*hourly export/)
    await seat.look('audit-event')
    await page.keyboard.press('Escape')
    await eventually(() => dialog.count(), 0)
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export this filter as CSV' }).click()
    const [head, event, ...rest] = readFileSync(await (await download).path(), 'utf8').split('\r\n')
    assert.match(head ?? '', /^seq,id,at,action/)
    assert.match(event ?? '', /,key\.changed,/)
    assert.deepEqual(rest, [''])
  })

  it('AUD-07: new events wait until the reader asks for them', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go(`/audit?target_id=${key.id}`)
    const rows = page.getByRole('table', { name: 'Audit events, newest first' }).getByRole('row')
    const before = await rows.count()
    await desk.app.call('POST', `/v1/keys/${key.id}/disable`)
    await desk.app.call('POST', `/v1/keys/${key.id}/enable`)
    const button = page.getByRole('button', { name: '2 new events' })
    await button.waitFor()
    await eventually(() => rows.count(), before)
    await button.click()
    await page.getByRole('rowheader', { name: 'key.enabled' }).waitFor()
    await eventually(() => rows.count(), before + 2)
    seat.assertClean()
  })

  it('AUD-04: says to which entry the chain was verified', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/audit')
    await page.getByRole('button', { name: 'Verify the chain' }).click()
    await page.getByText(/^Verified to entry [\d,]+$/).waitFor()
    await eventually(
      () => page.getByRole('textbox', { name: 'Hash of the last entry' }).inputValue(),
      /^[0-9a-f]{64}$/,
    )
    await seat.look('audit-verified')
  })

  it('declares a scope, says who has one before it is deprecated, and reinstates it', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/scopes')
    await seat.look('scopes')
    await page.getByRole('link', { name: 'Declare a scope' }).click()
    await page.getByLabel('Name').fill('invoices:read')
    await page.getByLabel('For people').fill('See your invoices')
    await page.getByRole('radio', { name: 'Sensitive' }).check()
    await seat.look('new-scope')
    await page.getByRole('button', { name: 'Declare a scope' }).click()
    await page.getByRole('heading', { level: 1, name: 'invoices:read' }).waitFor()
    await page.getByText('No key and no app has it.').waitFor()

    await seat.go('/scopes/orders:read')
    await page
      .getByRole('table', { name: /orders:read/ })
      .getByText('hourly export')
      .waitFor()
    await seat.look('scope')
    await eventually(() => page.getByRole('button', { name: 'Remove' }).getAttribute('aria-describedby'), /./)
    await page.getByRole('button', { name: 'Deprecate' }).click()
    const dialog = page.getByRole('dialog', { name: 'Deprecate orders:read?' })
    await dialog.getByText(/1 key and 0 apps will keep it/).waitFor()
    await seat.look('deprecate-scope')
    await dialog.getByRole('button', { name: 'Deprecate' }).click()
    await page.getByRole('button', { name: 'Reinstate' }).click()
    await page.getByRole('button', { name: 'Deprecate' }).waitFor()

    await seat.go('/scopes/spare:read')
    await page.getByText('No key and no app has it.').waitFor()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('heading', { level: 1, name: 'Scopes' }).waitFor()
    seat.assertClean()
  })

  it('WEB-10: shows the secret of a new admin key once', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/settings')
    await seat.look('settings')
    await page.getByRole('main').getByRole('link', { name: 'Admin keys' }).click()
    await page.getByRole('heading', { level: 1, name: 'Admin keys' }).waitFor()
    await seat.look('admin-keys')
    await page.getByRole('link', { name: 'Create an admin key' }).click()
    await page.getByLabel('Name').fill('orders API')
    await seat.look('new-admin-key')
    await page.getByRole('button', { name: 'Create an admin key' }).click()
    const field = page.getByRole('textbox', { name: 'Secret', exact: true })
    const secret = await field.inputValue()
    assert.match(secret, /^ak_/)
    await page.getByRole('button', { name: 'I have stored it' }).click()
    await page.getByText('orders API').waitFor()
    assert.deepEqual(await placesWith(page, secret.slice(12)), [])
    seat.assertClean()
  })

  it('WEB-02: shows the link of an invitation once, on a page that is left by saying that it is sent', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/settings/staff')
    await page.getByRole('button', { name: 'Invite' }).click()
    await seat.look('invite')
    await page.getByRole('dialog').getByLabel('E-mail address').fill('bo@staff.example')
    await page.getByRole('button', { name: 'Create the link' }).click()
    const field = page.getByRole('textbox', { name: 'Invitation link' })
    const link = await field.inputValue()
    assert.match(link, /\/staff\/welcome[?#]link=sl_/)
    await seat.look('invitation-link')
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByText('press “I have sent it”').waitFor()
    await eventually(() => field.inputValue(), link)
    await page.getByRole('button', { name: 'I have sent it' }).click()
    await page.getByRole('row', { name: /bo@staff\.example.*Viewer/ }).waitFor()
    assert.deepEqual(await placesWith(page, link.slice(-20)), [])
    seat.assertClean()
  })

  it('CON-13: shows by which factors a member signs in, and resets the second ones after saying what follows', async () => {
    const { app } = desk
    const { id } = await staffAs(app, 'developer', { email: 'eve@staff.example' })
    const [now, sealedSecret] = [app.clock.now(), new Uint8Array(64)]
    await app.db.transaction().execute(async (tx) => {
      await replaceTotp(tx, { id: newId('fac'), staffId: id, name: 'phone', sealedSecret, step: 1 }, now)
      await replaceRecoveryCodes(tx, id, [randomBytes(32), randomBytes(32)], now)
    })
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/settings/staff')
    await page
      .getByRole('row', { name: /eve@staff\.example.*authenticator app 2 recovery codes left/ })
      .waitFor()
    await seat.look('staff')
    await seat.go(`/settings/staff/${id}`)
    await page.getByText('2 recovery codes left').waitFor()
    await seat.look('staff-member')
    const button = page.getByRole('button', { name: 'Reset second factors' })
    await button.click()
    const dialog = page.getByRole('dialog', { name: 'Reset the second factors of A developer?' })
    await dialog.getByText('All their sessions end.').waitFor()
    await eventually(() => dialog.getByRole('listitem').count(), 2)
    await seat.look('reset-factors')
    await dialog.getByRole('button', { name: 'Reset second factors' }).click()
    await page.getByText('There is no second factor to remove.').waitFor()
    const { body: member } = await app.call('GET', `/v1/staff/${id}`)
    assert.deepEqual([member.factors, member.recovery_codes_left], [['password'], 0])
    await page.getByText('Not signed in anywhere.').waitFor()
    seat.assertClean()

    await using other = await desk.open('security')
    await other.go(`/settings/staff/${id}`)
    const off = other.page.getByRole('button', { name: 'Reset second factors' })
    await eventually(() => off.getAttribute('aria-disabled'), 'true')
    await other.page.getByText('You need the permission staff:write.').first().waitFor()
    const path = `/v1/staff/${id}/reset-factors`
    const refused = await other.page.evaluate(
      async (url) => (await fetch(url, { method: 'POST' })).status,
      path,
    )
    assert.equal(refused, 403)
  })

  it('CON-13: leads to the page of second factors where one is demanded and there is none', async () => {
    const strict = await openDesk({ requiresSecondFactor: true })
    try {
      await using seat = await strict.open('developer')
      const { page } = seat
      await page.goto(`${strict.origin}/dashboard/keys`)
      await page.waitForURL(`${strict.origin}/staff/factors?return_to=%2Fdashboard%2Fkeys`)
      await page.getByText('Everybody who works here needs a second factor').waitFor()
    } finally {
      await strict.close()
    }
  })

  it('WEB-13: shows a brand before it is saved, then on every page, legible and without a violation of the CSP', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/settings/branding')
    const save = page.getByRole('button', { name: 'Save' })
    await page.getByText('Nothing is changed.').waitFor()
    await page.getByLabel('Product name').fill('Tidewater')
    const file = page.getByLabel('Logo', { exact: true })
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
    await file.setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: svg })
    await page.getByText('This is an SVG. An SVG can carry script').waitFor()
    await seat.look('branding-svg')
    await file.setInputFiles({ name: 'logo.svg', mimeType: 'image/svg+xml', buffer: pngOf(64, 32) })
    await eventually(() => page.locator('.preview-logo[src^="data:image/png;base64,"]').count(), 4)
    await page.getByRole('textbox', { name: 'Accent colour', exact: true }).fill('#ffd600')
    await page.getByText(/#[0-9a-f]{6} is used, 4\.\d+ : 1/).waitFor()
    await page.getByLabel('Support link').fill('mailto:help@tidewater.example')
    await seat.look('branding-draft')
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByText('Save or discard your changes before you leave.').waitFor()
    await save.click()
    await page.getByText('Saved. Pages show it now.').waitFor()
    await page.locator('header').getByRole('link', { name: 'Tidewater' }).locator('img').waitFor()
    await seat.look('branding-saved')
    await using other = await desk.open('administrator')
    await other.page.goto(`${desk.origin}/sign-in`)
    await other.page.getByRole('link', { name: 'Help' }).waitFor()
    await other.look('branded-sign-in')
    await page.getByRole('button', { name: 'Remove the logo' }).click()
    await save.click()
    await page.getByText('Saved. Pages show it now.').waitFor()
    assert.equal((await desk.app.call('GET', '/v1/branding')).body.logo, null)
    await desk.app.call('PATCH', '/v1/branding', { product_name: null, accent_color: null })
    seat.assertClean()
  })

  it('WEB-06 KEY-09: shows what a policy changes and whom it ends, before it is saved', async () => {
    const { app } = desk
    const { id } = await app.keyFor('org_policy', { name: 'old importer', environment: 'test' })
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/settings')
    await page.getByRole('main').getByRole('link', { name: 'Policies' }).click()
    await page.getByRole('heading', { level: 1, name: 'Policies' }).waitFor()
    await seat.look('policies')
    await page.getByRole('link', { name: 'Change the policy of test' }).click()
    await page.getByRole('heading', { level: 1, name: 'Policy of test' }).waitFor()
    const save = page.getByRole('button', { name: 'See what it does' })
    await eventually(() => save.getAttribute('aria-disabled'), 'true')
    await page.getByLabel('Begin with a preset').selectOption('soc2')
    await page.getByRole('row', { name: /Longest lifetime of a secret.*no rule.*90 days/ }).waitFor()
    await page.getByLabel('Each new key needs an allow-list of addresses').check()
    await page.getByLabel('Only some scopes can be given to keys').check()
    await page.getByLabel('orders:read').check()
    await save.click()
    await page.getByRole('link', { name: 'old importer' }).first().waitFor()
    await page.getByText('1 secret would end earlier than now.').waitFor()
    await page.getByText('1 key would be disabled at a date, unless rotated by then.').waitFor()
    await page.getByText('1 key would be disabled at a date, unless given an allow-list').waitFor()
    await seat.look('edit-policy')
    assert.equal((await app.call('GET', `/v1/keys/${id}`)).body.expires_at, null)
    await page.getByRole('button', { name: 'Save the policy' }).click()
    await page.getByRole('heading', { level: 1, name: 'Policies' }).waitFor()
    await page.getByText('90 days').first().waitFor()
    await eventually(async () => {
      const { expires_at, disables_by } = (await app.call('GET', `/v1/keys/${id}`)).body
      return `${expires_at !== null} ${disables_by}`
    }, 'true ip_allowlist_required')
    await seat.go(`/keys/${id}`)
    await page.getByText('unless it has an allow-list of addresses by then').waitFor()
    await seat.look('key-under-policy')

    // The form of a new key follows the rules.
    await seat.go('/keys/new?environment=test&owner_id=org_policy')
    await page.getByText('The policy allows at most 90 days.').waitFor()
    await page.getByText('The policy of this environment asks for an allow-list.').waitFor()
    await page.getByText('The policy of this environment allows these scopes only.').waitFor()
    const lifetime = page.getByLabel('Expires', { exact: true })
    await eventually(() => lifetime.locator('option[value=never]').isDisabled(), true)
    await seat.look('new-key-under-policy')
    await app.call('PATCH', '/v1/policies/test', {
      max_lifetime_seconds: null,
      default_lifetime_seconds: null,
      never_expires_allowed: true,
      max_overlap_seconds: null,
      ip_allowlist_required: false,
      allowed_scopes: null,
      rotate_every_days: null,
    })
    seat.assertClean()
  })

  it('finds a page and a key by keyboard only', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/settings')
    await page.keyboard.press('Control+k')
    const box = page.getByRole('combobox', { name: 'Name, id, hint or a pasted secret' })
    await eventually(() => box.evaluate((input) => input === document.activeElement), true)
    await page.keyboard.type('aud')
    await page.getByRole('option', { name: 'Audit' }).waitFor()
    await seat.look('palette')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor()
  })

  it('leads a newcomer by two questions to a form', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/which-door')
    await page.getByRole('radio', { name: 'One customer’s' }).check()
    await page.getByRole('radio', { name: 'A program by itself' }).check()
    await seat.look('which-door')
    await page.getByRole('main').getByRole('link', { name: 'Create a key' }).click()
    await page.getByRole('heading', { level: 1, name: 'Create a key' }).waitFor()
    seat.assertClean()
  })

  it('a viewer reads the catalogue, and is told why nothing there can be changed', async () => {
    await using seat = await desk.open('viewer', {
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
    })
    const { page } = seat
    await seat.go('/scopes')
    const button = page.getByRole('button', { name: 'Declare a scope' })
    await eventually(() => button.getAttribute('aria-disabled'), 'true')
    await page.getByText('You need the permission scopes:write.').first().waitFor()
    await seat.look('scopes-viewer')
    await seat.go('/settings')
    await page.getByText('You need the permission admin_keys:read.').waitFor()
    await seat.look('settings-viewer')
    await seat.go('/settings/branding')
    await page.getByText('You need the permission branding:write.').waitFor()
    await seat.look('branding-viewer')
    await seat.go('/settings/policies')
    await page.getByText('You need the permission policies:write.').first().waitFor()
    await seat.look('policies-viewer')
    await eventually(() => page.getByRole('link', { name: 'Audit' }).count(), 0)
    const refused = await page.evaluate(async () => {
      const answers = await Promise.all([
        fetch('/v1/audit-events.csv'),
        fetch('/v1/admin-keys'),
        fetch('/v1/scopes', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name: 'a:read', description: 'A' }),
        }),
      ])
      return answers.map(({ status }) => status)
    })
    assert.deepEqual(refused, [403, 403, 403])
  })
})
