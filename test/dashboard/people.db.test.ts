import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import { newId } from '../../src/base/id.ts'
import { storeRefusals } from '../../src/clients/refused-requests.store.ts'
import { refreshFindings } from '../../src/findings/refresh-findings.ts'
import { insertGrant } from '../../src/oauth/grants/grant.store.ts'
import { noChromium } from '../chromium.ts'
import { eventually } from '../eventually.ts'
import { type Desk, openDesk, placesWith } from './desk.ts'

describe('owners, clients, grants, users and the report for auditors in the dashboard', {
  skip: noChromium,
}, () => {
  let desk: Desk
  let clientId: string
  let userId: string
  let grantId: string
  before(async () => {
    desk = await openDesk()
    const { app } = desk
    const { id } = await app.keyFor('org_42', { name: 'nightly export' })
    const credential = (await app.call('GET', `/v1/keys/${id}`)).body.secrets[0].id
    const at = app.clock.now().toISOString()
    const used = { credential_id: credential, outcome: 'accepted', scope: '', minute: at, count: 1, calls: 1 }
    const items = [{ ...used, last_at: at, last_ip: '198.51.100.7', last_user_agent: null }]
    await app.call('POST', '/v1/usage-batches', { id: 'batch_people', items, exposed: [] })
    await app.call('PATCH', '/v1/owners/org_42', { name: 'Northwind' })
    await app.keyFor('org_43', { name: 'another', scopes: [] })
    const scopes = ['orders:read', 'orders:write']
    clientId = (await app.clientFor(null, { name: 'Acme Sync', scopes })).client_id
    userId = (await app.call('POST', '/v1/users', { name: 'Ann Larsen', email: 'ann@northwind.example' }))
      .body.id
    await app.call('PUT', `/v1/owners/org_42/members/${userId}`)
    grantId = newId('grt')
    const shown = {
      client_name: 'Acme Sync',
      redirect_host: 'app.example.com',
      owner_name: 'Northwind',
      scopes: [],
    }
    const now = app.clock.now()
    const whose = { id: grantId, userId, clientId, ownerId: 'org_42' }
    await app.db
      .transaction()
      .execute((tx) =>
        insertGrant(tx, { ...whose, scopes, implied: [], shown, createdAt: now, expiresAt: null }),
      )
    const refusal = {
      clientId,
      endpoint: 'token',
      reason: 'secret_rotated',
      count: 3,
      lastAt: now,
      lastIp: null,
    }
    await storeRefusals(app.db, [refusal])
  })
  after(() => desk?.close())

  /** Looks for what needs attention of some keys. */
  const find = async (ids: readonly string[]) => {
    const { db, clock } = desk.app
    for (const id of ids)
      await db.transaction().execute((tx) => refreshFindings(tx, { kind: 'key', id }, clock.now()))
  }

  it('shows keys and connected apps of an owner in one list, and what stops before it is suspended', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/owners?q=north')
    await seat.look('owners')
    await page.getByRole('link', { name: 'Northwind' }).click()
    const list = page.getByRole('table', { name: /^Keys and connected apps/ })
    await list.getByRole('link', { name: 'nightly export' }).waitFor()
    await list.getByRole('link', { name: 'Acme Sync' }).waitFor()
    await seat.look('owner')
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByRole('dialog').getByLabel('Quota in units').fill('700')
    await seat.look('owner-form')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const owner = async () => (await desk.app.call('GET', '/v1/owners/org_42')).body
    assert.equal((await owner()).quota.limit, 700)

    await page.getByRole('button', { name: 'Set its policy' }).click()
    const policy = page.getByRole('dialog', { name: 'Policy of Northwind' })
    await policy.getByLabel('Keys at most').fill('7')
    await policy.getByLabel('Longest overlap of a rotation').fill('1 h')
    await policy.getByLabel('Allow-list of addresses').selectOption('required')
    await policy.getByRole('button', { name: 'See what it does' }).click()
    await policy.getByText('1 key would be disabled at a date, unless given an allow-list').waitFor()
    await seat.look('owner-policy')
    await policy.getByRole('button', { name: 'Save the policy' }).click()
    await policy.waitFor({ state: 'detached' })
    const { max_keys, max_overlap_seconds, ip_allowlist_required } = await owner()
    assert.deepEqual([max_keys, max_overlap_seconds, ip_allowlist_required], [7, 3600, true])
    await page.getByText('1 hour').first().waitFor()
    await desk.app.call('PATCH', '/v1/owners/org_42', { ip_allowlist_required: null })

    await page.getByRole('button', { name: 'Suspend' }).click()
    const dialog = page.getByRole('dialog', { name: 'Suspend Northwind?' })
    await dialog.getByText('1 call was accepted in the last 24 hours.').waitFor()
    await dialog.getByText('Keys that stop: 1.').waitFor()
    await dialog.getByRole('listitem').filter({ hasText: 'nightly export' }).getByText('1 call').waitFor()
    await seat.look('owner-suspend')
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('unpaid')
    await dialog.getByRole('button', { name: 'Suspend owner' }).click()
    await page.getByText('unpaid').waitFor()
    assert.equal((await owner()).suspended_reason, 'unpaid')
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Resume owner' }).click()
    await page.getByRole('button', { name: 'Suspend' }).waitFor()
    assert.equal((await owner()).suspended_at, null)
  })

  it('REV-09: suspends an app after it has said whom it hits, and resumes it', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go(`/clients/${clientId}`)
    await page.getByText('Some instance still has the old secret').waitFor()
    await seat.look('client')
    await page.getByRole('button', { name: 'Suspend' }).click()
    const dialog = page.getByRole('dialog', { name: 'Suspend Acme Sync?' })
    await dialog.getByText('Users who allowed it something: 1.').waitFor()
    await dialog.getByRole('button', { name: 'Suspend app' }).click()
    await dialog.getByRole('alert').getByText('Say why').waitFor()
    await seat.look('client-suspend')
    await dialog.getByLabel('Reason').fill('a leak')
    await dialog.getByRole('button', { name: 'Suspend app' }).click()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Resume app' }).click()
    await page.getByRole('button', { name: 'Suspend' }).waitFor()
    seat.assertClean()
  })

  it('KEY-02 WEB-02: shows the new secret of an app once, and leaves nothing of it behind', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/clients/new')
    await page.getByLabel('Name', { exact: true }).fill('Mail merge')
    await page.getByLabel('Redirect URIs').fill('https://mail.example.com/cb')
    await page.getByRole('checkbox', { name: 'orders:read' }).check()
    await seat.look('new-client')
    await page.getByRole('button', { name: 'Register an app' }).click()
    const field = page.getByRole('textbox', { name: 'Client secret' })
    const secret = await field.inputValue()
    await seat.look('client-secret')
    await page.getByRole('link', { name: 'Clients' }).click()
    await eventually(() => field.inputValue(), secret)
    await page.getByRole('button', { name: 'I have stored it' }).click()
    await page.getByRole('heading', { level: 1, name: 'Mail merge' }).waitFor()
    assert.deepEqual(await placesWith(page, secret.slice(14)), [])
    seat.assertClean()
  })

  it('lists notices with what became of them, and takes a test mail; without a mail server it says so', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/mails')
    await page.getByText('No mail server is configured: nothing is sent').waitFor()
    await page.getByText('No notices yet').waitFor()
    await page.getByRole('button', { name: 'Send a test mail' }).click()
    const dialog = page.getByRole('dialog', { name: 'Send a test mail' })
    await dialog.getByLabel('To which address').fill('ops@tidewater.example')
    await seat.look('test-mail')
    await dialog.getByRole('button', { name: 'Send a test mail' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('rowheader').getByRole('link', { name: 'A test mail' }).waitFor()
    await seat.look('notices')
    await page.getByRole('link', { name: 'A test mail' }).click()
    await page.getByText('They carry no secret').waitFor()
    await seat.look('notice')
    seat.assertClean()
  })

  it('lists findings with what helps, shows what a remedy would change, and does it only then', async () => {
    const { app } = desk
    const [forgotten, kept] = [
      await app.keyFor('org_44', { name: 'forgotten' }),
      await app.keyFor('org_44', { name: 'kept' }),
    ]
    await find([forgotten.id, kept.id])
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/overview')
    await page.getByRole('link', { name: '2 open findings' }).click()
    const line = page.getByRole('rowheader').getByRole('link', { name: 'Never expires: forgotten' })
    await line.waitFor()
    await seat.look('findings')
    const file = page.getByRole('link', { name: 'Download CSV' })
    await eventually(() => file.getAttribute('href'), '/v1/findings.csv?state=open')
    await page.getByLabel('Kind').selectOption('exposed')
    await page.getByText('No finding matches').waitFor()
    await page.getByLabel('Kind').selectOption('no_expiry')
    await line.click()

    const key = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body
    await page.getByRole('radio', { name: 'Let it expire' }).press('Tab')
    await page.keyboard.press('Tab')
    await page.getByRole('button', { name: 'Show what would change' }).press('Enter')
    await page.getByText('Who would be refused').waitFor()
    assert.equal((await key(forgotten.id)).expires_at, null)
    await seat.look('finding')
    await page.getByRole('button', { name: 'Set the expiry' }).press('Enter')
    await page.getByText('The finding is gone.').waitFor()
    assert.notEqual((await key(forgotten.id)).expires_at, null)

    await seat.go(`/keys/${kept.id}`)
    await page.getByRole('link', { name: 'Never expires' }).click()
    await page.getByRole('button', { name: 'Accept for a time' }).click()
    const dialog = page.getByRole('dialog', { name: 'Accept this finding?' })
    await dialog.getByLabel('Reason').fill('moves to OAuth in spring')
    await seat.look('accept-finding')
    await dialog.getByRole('button', { name: 'Accept for a time' }).click()
    await page.getByText('moves to OAuth in spring').waitFor()
    await page.getByRole('button', { name: 'Withdraw the acceptance' }).waitFor()

    const at = app.clock.now().toISOString()
    const exposed = [{ hash: hashCredential(kept.secret), at, ip: null }]
    await app.call('POST', '/v1/usage-batches', { id: 'batch_exposed', items: [], exposed })
    await find([kept.id])
    await seat.go('/findings?kind=exposed')
    await page.getByRole('link', { name: 'Secret seen in a URL: kept' }).click()
    await page.getByRole('button', { name: 'Show what would change' }).click()
    await page.getByRole('button', { name: 'Make the new secret' }).click()
    const secret = await page.getByRole('textbox', { name: 'Secret' }).inputValue()
    assert.notEqual(secret, kept.secret)
    await page.getByRole('button', { name: 'I have stored it' }).click()
    await page.getByText('The finding is gone.').waitFor()
    assert.deepEqual(await placesWith(page, secret.slice(12)), [])
    seat.assertClean()
  })

  it('a viewer sees all of it, and is told why nothing can be changed', async () => {
    await using seat = await desk.open('viewer', {
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
    })
    const { page } = seat
    const { body: findings } = await desk.app.call('GET', '/v1/findings?owner_id=org_44&kind=no_expiry')
    const finding = `/findings/${findings.data[0].id}`
    for (const [path, button, permission] of [
      ['/owners/org_42', 'Suspend', 'owners:suspend'],
      [`/clients/${clientId}`, 'Suspend', 'clients:revoke'],
      ['/clients', 'Register an app', 'clients:write'],
      [`/grants/${grantId}`, 'Revoke', 'grants:write'],
      [`/users/${userId}`, 'Disable', 'users:disable'],
      [finding, 'Withdraw the acceptance', 'findings:write'],
      [finding, 'Show what would change', 'keys:write'],
    ] as const) {
      await seat.go(path)
      const found = page.getByRole('button', { name: button, exact: true })
      await eventually(() => found.getAttribute('aria-disabled'), 'true', path)
      await page.getByText(`You need the permission ${permission}.`).first().waitFor()
      await seat.look(`viewer${path.replaceAll('/', '-')}`)
    }
    for (const path of ['/grants', '/users', '/clients/software', '/owners?q=nothing']) {
      await seat.go(path)
      await seat.look(`viewer${path.replaceAll(/[/?=]/g, '-')}`)
    }
  })

  it('REV-09: reduces a grant, and revokes many after counting them', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go(`/grants/${grantId}`)
    await page.getByRole('checkbox', { name: 'orders:write' }).uncheck()
    await page.getByRole('button', { name: 'Remove the others' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the others' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.deepEqual((await desk.app.call('GET', `/v1/grants/${grantId}`)).body.scopes, ['orders:read'])
    await seat.go(`/grants?client_id=${clientId}`)
    await page.getByRole('button', { name: 'Revoke many …' }).click()
    await page.getByLabel('Reason').fill('test')
    await page.getByRole('button', { name: 'Count them first' }).click()
    await page.getByText('1 grant would be revoked.').waitFor()
    await seat.look('grants-revoke')
    await page.getByRole('button', { name: 'Revoke 1 grant' }).click()
    await page.getByText('1 grant was revoked.').waitFor()
    seat.assertClean()
  })

  it('WEB-10 CON-13: sets the identity provider of staff, shows no secret of it, and asks for a test before requiring it', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/settings')
    await page.getByRole('button', { name: 'Set the provider' }).click()
    await seat.look('identity-provider')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Issuer').fill('https://id.example.com')
    await dialog.getByLabel('Client ID').fill('doorward')
    await dialog.getByLabel('Client secret').fill('a secret of the provider')
    await dialog.getByLabel('E-mail domains').fill('example.com, example.org')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('example.com, example.org').waitFor()
    const button = page.getByRole('button', { name: 'Require it' })
    await eventually(() => button.getAttribute('aria-disabled'), 'true')
    await page.getByText('An administrator must have tested it first.').waitFor()
    await eventually(() => page.getByRole('link', { name: 'Test the sign-in' }).count(), 1)
    await seat.look('single-sign-on')
    assert.deepEqual(await placesWith(page, 'a secret of the provider'), [])
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('There is no identity provider yet.').waitFor()
    seat.assertClean()
  })

  it('AUD-17: makes the report of a period for auditors, pages through it, and prints it without the frame', async () => {
    desk.app.clock.advance({ hours: 1 })
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/audit')
    await page.getByRole('link', { name: 'Evidence for auditors' }).click()
    await page.getByText('No report yet').waitFor()
    await seat.look('evidence-empty')
    await page.getByRole('combobox', { name: /^Period/ }).selectOption('this_month')
    await page.getByRole('button', { name: 'Make the report' }).click()
    await page.waitForURL(/\/audit\/evidence\?from=2030-01-01T00/)
    const created = page.getByRole('table', { name: 'Keys created' })
    await created.getByText('nightly export').waitFor()
    await page.getByText(/entry [\d,]+ and all before it follow from each other/).waitFor()
    await seat.look('evidence')
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await eventually(() => page.getByRole('navigation', { name: 'Main' }).isVisible(), false)
    await eventually(() => page.getByRole('button', { name: 'Make the report' }).isVisible(), false)
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await eventually(paper, 'rgb(255, 255, 255)')
    await eventually(() => created.getByText('nightly export').isVisible(), true)
    assert.match((await page.pdf({ format: 'A4' })).subarray(0, 5).toString(), /^%PDF-/)
    await page.emulateMedia({ media: null, colorScheme: 'dark' })
    await page.setViewportSize({ width: 390, height: 844 })
    await seat.look('evidence')

    // A log that is long, and broken: the answer of the server is changed on its way.
    await page.route(/\/v1\/evidence\?/, async (route) => {
      const answer = await route.fetch()
      const report = await answer.json()
      report.chain.check = {
        ...{ intact: false, events: 6, head_hash: null, next: null },
        first_broken: { seq: 7, id: null, fault: 'the row was altered' },
      }
      const keys = report.sections.find(({ id }: { id: string }) => id === 'keys_created')
      Object.assign(keys, { count: 10_000, count_is_exact: false, next_cursor: 'a' })
      await route.fulfill({ response: answer, json: report })
    })
    await page.route(/\/v1\/evidence\/keys_created\?/, async (route) => {
      const url = new URL(route.request().url())
      assert.equal(url.searchParams.get('cursor'), 'a')
      url.searchParams.delete('cursor')
      await route.continue({ url: url.href })
    })
    await seat.go('/audit/evidence?from=2030-01-01T00:00:00.000Z&to=2030-02-01T00:00:00.000Z')
    await page.getByText('The chain is broken at entry 7').waitFor()
    await page.getByText(/The first \d+ of more than 10,000/).waitFor()
    await seat.look('evidence-broken')
    await page.getByRole('button', { name: 'Show more of “Keys created”' }).click()
    await eventually(() => created.getByText('nightly export').count(), 2)
    await page.unrouteAll({ behavior: 'wait' })
    await page.goto(
      `${desk.origin}/dashboard/audit/evidence?from=2030-02-01T00:00:00Z&to=2030-01-01T00:00:00Z`,
    )
    await page.getByRole('alert').getByText('must be before').waitFor()
  })
})
