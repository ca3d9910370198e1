import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { noChromium } from '../chromium.ts'
import { eventually } from '../eventually.ts'
import { type Desk, openDesk, placesWith } from './desk.ts'

describe('keys in the dashboard', { skip: noChromium }, () => {
  let desk: Desk
  let nightly: { id: string; secret: string }
  before(async () => {
    desk = await openDesk()
    const { app } = desk
    const scopes: [name: string, description: string, sensitivity: string, implies: string[]][] = [
      ['orders:read', 'See your orders', 'basic', []],
      ['orders:write', 'Place orders for you, and see them', 'sensitive', ['orders:read']],
      ['orders:delete', 'Delete your orders', 'restricted', ['orders:write']],
      ['invoices:read', 'See your invoices', 'basic', []],
    ]
    for (const [name, description, sensitivity, implies] of scopes)
      await app.call('POST', '/v1/scopes', { name, description, sensitivity, implies })
    nightly = await app.keyFor('org_42', { name: 'nightly export', scopes: ['orders:read'] })
    await app.keyFor('org_7', { name: 'billing sync', environment: 'test', scopes: ['invoices:read'] })
    const old = await app.keyFor('org_7', { name: 'an old one' })
    await app.call('POST', `/v1/keys/${old.id}/revoke`, { reason: 'contract ended' })
    app.clock.advance({ hours: 1 })
  })
  after(() => desk?.close())

  it('lists live ones, told by name, hint and owner, with a way to the ended ones', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
    await eventually(() => page.url(), /\/dashboard\/keys\?state=live$/)
    const rows = page.getByRole('table', { name: 'API keys' }).getByRole('row')
    await rows.nth(2).waitFor()
    await eventually(() => rows.count(), 3)
    await page
      .getByRole('row', { name: /nightly export sk_live_.{4}… org_42 live Active 1 hour ago/ })
      .waitFor()
    await page.getByRole('link', { name: 'Ended 1' }).click()
    await page.getByRole('row', { name: /an old one/ }).waitFor()
    await eventually(() => page.url(), /state=expired%2Crevoked/)
    seat.assertClean()
  })

  it('has filters and sorting in the URL, as the API has them, and says which parameters it ignores', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/keys?state=live&colour=blue')
    await page.getByText('does not know “colour”').waitFor()
    await page.getByLabel('Environment').selectOption('test')
    await page.getByRole('button', { name: 'Key', exact: true }).click()
    await page.getByRole('row', { name: /billing sync/ }).waitFor()
    await eventually(() => page.getByRole('row', { name: /nightly export/ }).count(), 0)
    const header = page.getByRole('columnheader', { name: 'Key', exact: true })
    await eventually(() => header.getAttribute('aria-sort'), 'ascending')
    await eventually(() => new URL(page.url()).search, '?environment=test&state=live&sort=name')
    await page.reload()
    await page.getByRole('row', { name: /billing sync/ }).waitFor()
    await eventually(() => page.getByLabel('Environment').inputValue(), 'test')
    seat.assertClean()
  })

  it('finds a key by name, and by its pasted secret, of which only the hash leaves the browser', async () => {
    await using seat = await desk.open('security')
    const { page, requests } = seat
    await seat.go('/keys?state=live')
    const box = page.getByRole('searchbox', { name: 'Search' })
    await box.fill('NIGHT')
    await page.waitForURL(/q=NIGHT/)
    await page.getByRole('row', { name: /nightly export/ }).waitFor()
    await page.getByRole('searchbox', { name: 'Search' }).fill(` Bearer ${nightly.secret}\n`)
    await page.waitForURL(/secret_sha256=/)
    await page.getByRole('row', { name: /nightly export/ }).waitFor()
    await page.getByText('only the hash was sent').waitFor()
    const hash = createHash('sha256').update(nightly.secret).digest('hex')
    assert.ok(requests.some((request) => request.url().includes(hash)))
    for (const request of requests)
      assert.ok(!`${request.url()} ${request.postData()}`.includes(nightly.secret.slice(20)), request.url())
    assert.deepEqual(await placesWith(page, nightly.secret), [])

    // Other boxes whose text goes into URLs: the palette leads to the key, the others are emptied and say why.
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').getByRole('combobox').fill(nightly.secret)
    await page.waitForURL(/\/keys\?secret_sha256=/)
    await page.getByRole('row', { name: /nightly export/ }).waitFor()
    for (const [path, label] of [
      ['/owners', 'Name or id'],
      ['/audit', 'Id of who acted'],
    ] as const) {
      await seat.go(path)
      const other = page.getByLabel(label, { exact: true })
      await other.fill(`x ${nightly.secret}`)
      await page.getByText('That was a secret, and was not sent.').waitFor()
      await eventually(() => other.inputValue(), '')
      await other.press('Enter')
    }
    for (const request of requests.filter((each) => each.url().includes('/v1/')))
      assert.ok(!`${request.url()} ${request.postData()}`.includes(nightly.secret.slice(20)), request.url())
    seat.assertClean()
  })

  it('KEY-02 WEB-02: shows a new secret once, until it is stored, and leaves nothing of it behind', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/keys/new?owner_id=org_9&name=from+a+link&scopes=orders:read,what:else')
    await page.getByText('what:else').waitFor()
    await eventually(() => page.getByRole('checkbox', { name: /^orders:read/ }).isChecked(), true)
    await page.getByRole('checkbox', { name: /^orders:write/ }).check()
    await page.getByRole('button', { name: 'Create key' }).click()
    const field = page.getByRole('textbox', { name: 'Secret', exact: true })
    const secret = await field.inputValue()
    assert.match(secret, /^sk_live_/)
    await eventually(() => page.evaluate(() => document.activeElement?.tagName), 'H1')
    await eventually(() => field.evaluate((input: HTMLInputElement) => input.readOnly), true)
    const described = await field.getAttribute('aria-describedby')
    await eventually(() => page.locator(`[id="${described}"]`).textContent(), /Copy it/)

    const copy = page.getByRole('button', { name: 'Copy: Secret' })
    await copy.click()
    await page.getByRole('status').filter({ hasText: 'Secret copied.' }).waitFor()
    await eventually(() => copy.evaluate((button) => button === document.activeElement), true)
    await eventually(() => page.evaluate(() => navigator.clipboard.readText()), secret)
    await eventually(
      () => page.getByRole('textbox', { name: 'Line for an .env file' }).inputValue(),
      `MY_API_KEY=${secret}`,
    )
    await eventually(
      () => page.getByRole('textbox', { name: 'Code for your program: Node' }).inputValue(),
      /process\.env\.MY_API_KEY/,
    )

    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByText('The secret is still on this page').waitFor()
    await page.goBack()
    await eventually(() => field.inputValue(), secret)
    assert.doesNotMatch(await page.title(), /sk_/)

    await page.getByRole('button', { name: 'I have stored it' }).click()
    await page.getByRole('heading', { level: 1, name: 'from a link' }).waitFor()
    assert.deepEqual(await placesWith(page, secret.slice(14)), [])
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Create a key' }).waitFor()
    assert.deepEqual(await placesWith(page, secret.slice(14)), [])
    seat.assertClean()
  })

  it('says the faults of a form at their fields, and what was refused', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/keys/new?owner_id=a+b&name=x')
    await page.getByRole('button', { name: 'Create key' }).click()
    await page.getByRole('alert').filter({ hasText: 'without blanks' }).first().waitFor()
    const owner = page.getByLabel('Owner', { exact: true })
    await eventually(() => owner.getAttribute('aria-invalid'), 'true')
    const ids = (await owner.getAttribute('aria-describedby'))?.split(' ') ?? []
    await eventually(() => page.locator(`[id="${ids.at(-1)}"]`).textContent(), /without blanks/)
  })

  it('KEY-08: rotates as planned: both secrets side by side, undo while the new one is unused', async () => {
    const { id } = await desk.app.keyFor('org_8', { name: 'to rotate' })
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go(`/keys/${id}`)
    await page.getByRole('link', { name: 'Rotate' }).click()
    await page.getByRole('group', { name: 'Is it planned, or did the secret leak?' }).waitFor()
    await page.getByLabel('Planned').check()
    await page.getByRole('button', { name: 'Make the new secret' }).click()
    const secret = await page.getByRole('textbox', { name: 'Secret', exact: true }).inputValue()
    await page.getByRole('button', { name: 'I have stored it' }).click()
    await page.getByRole('region', { name: 'Old secret' }).waitFor()
    await page.getByRole('region', { name: 'New secret' }).getByText('No call in the last hour.').waitFor()
    await page.getByText('Not safe to finish yet').waitFor()
    assert.deepEqual(await placesWith(page, secret.slice(14)), [])

    const rotationOf = async () => (await desk.app.call('GET', `/v1/keys/${id}`)).body.rotation
    const { ends_at: before } = await rotationOf()
    await page.getByRole('button', { name: 'Change when it ends' }).click()
    await page.getByLabel('Both secrets work until').selectOption('7 days from now')
    await page.getByLabel('Finish by itself when the old secret was not used for').selectOption('2 days')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('It finishes by itself once the old secret was not used for 2 days.').waitFor()
    const changed = await rotationOf()
    assert.equal(changed.finish_when_silent_seconds, 172_800)
    assert.ok(changed.ends_at > before)

    // People told of a key dialog that left the page behind reachable, announced focus sentinels, and lost the focus.
    const opener = page.getByRole('button', { name: 'Undo: drop the new secret' })
    await opener.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Undo the rotation?' }).waitFor()
    const stops = new Set<string>()
    for (let tab = 0; tab < 6; tab++) {
      await page.keyboard.press('Tab')
      stops.add(
        await page.evaluate(() => {
          const { activeElement: at } = document
          return at === document.body ? 'body' : `${at?.closest('dialog') !== null} ${at?.textContent}`
        }),
      )
    }
    assert.deepEqual([...stops].filter((stop) => stop !== 'body').sort(), [
      'true Cancel',
      'true Drop the new secret',
    ])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await eventually(() => opener.evaluate((button) => button === document.activeElement), true)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Drop the new secret', exact: true }).click()
    await page.getByRole('status').filter({ hasText: 'The rotation is undone' }).waitFor()
    const { body } = await desk.app.call('GET', `/v1/keys/${id}`)
    assert.equal(body.rotation, null)
    seat.assertClean()
  })

  it('KEY-09: ends a leaked secret at once', async () => {
    const { id, secret } = await desk.app.keyFor('org_8', { name: 'leaked' })
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go(`/keys/${id}/rotate`)
    await page.getByLabel('It leaked').check()
    await page.getByText('What will stop').waitFor()
    await page.getByRole('button', { name: 'Stop the old secret, make the new one' }).click()
    const next = await page.getByRole('textbox', { name: 'Secret', exact: true }).inputValue()
    const verify = async (credential: string) =>
      (await desk.app.call('POST', '/v1/verify', { credential })).body.valid
    assert.deepEqual([await verify(secret), await verify(next)], [false, true])
    seat.assertClean()
  })

  it('stops a key by keyboard only: disabled, enabled, then revoked with a reason', async () => {
    const { id } = await desk.app.keyFor('org_8', { name: 'to stop' })
    await using seat = await desk.open('security')
    const { page } = seat
    await seat.go(`/keys/${id}`)
    const press = async (name: RegExp) => {
      for (let tab = 0; tab < 60; tab++) {
        const at = await page.evaluate(() => document.activeElement?.textContent ?? '')
        if (name.test(at)) return await page.keyboard.press('Enter')
        await page.keyboard.press('Tab')
      }
      assert.fail(`no way by Tab to ${name}`)
    }
    await eventually(() => page.getByRole('link', { name: 'Rotate' }).count(), 0)
    await press(/^Stop it/)
    await page.getByRole('heading', { level: 1, name: 'Stop to stop' }).waitFor()
    await press(/^Disable this key$/)
    await page.getByText('refused until it is enabled again').waitFor()
    await press(/^Enable$/)
    await page.getByText('Calls with it are accepted.').waitFor()
    await press(/^Stop it/)
    await page.getByRole('radio', { name: 'Disable' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    await page.keyboard.type('contract ended')
    await press(/^Revoke this key for good$/)
    await page.getByText('Reason: contract ended').waitFor()
    const { body } = await desk.app.call('GET', `/v1/keys/${id}`)
    assert.deepEqual([body.state, body.revoked_reason], ['revoked', 'contract ended'])
    await page.getByText(/^Refused at this server since \d\d:\d\d:\d\d\.\d{3}\.$/).waitFor()
    seat.assertClean()
  })

  it('offers nothing that the caller may not do, and the API refuses it as well', async () => {
    await using seat = await desk.open('viewer')
    const { page, context } = seat
    await seat.go('/keys?state=active')
    await eventually(() => page.getByRole('link', { name: 'Create a key' }).count(), 0)
    await eventually(() => page.getByRole('checkbox').count(), 0)
    await seat.go(`/keys/${nightly.id}`)
    for (const name of ['Rotate', 'Edit', 'Stop it …'])
      await eventually(() => page.getByRole('link', { name }).count(), 0, name)
    const rotating = await desk.app.keyFor('org_8', { name: 'rotates for a viewer' })
    await desk.app.call('POST', `/v1/keys/${rotating.id}/rotate`, { overlap_seconds: 3600 })
    const refuses = async (path: string, name: string, permission: string) => {
      await seat.go(path)
      const button = page.getByRole('button', { name, exact: true })
      await button.filter({ visible: true }).first().waitFor()
      await eventually(() => button.getAttribute('aria-disabled'), 'true', path)
      await page.getByText(`You need the permission ${permission}.`).first().waitFor()
    }
    await refuses('/keys?state=active', 'Create a key', 'keys:write')
    await refuses('/overview', 'Create a key', 'keys:write')
    await refuses('/keys/new', 'Create key', 'keys:write')
    await refuses(`/keys/${nightly.id}/edit`, 'Save', 'keys:write')
    await refuses(`/keys/${nightly.id}/end`, 'Disable this key', 'keys:revoke')
    await refuses(`/keys/${rotating.id}/rotate`, 'Finish: end the old secret', 'keys:write')
    await refuses(`/keys/${rotating.id}/rotate`, 'Undo: drop the new secret', 'keys:write')
    await refuses('/scopes/new', 'Declare a scope', 'scopes:write')
    await seat.go(`/keys/${nightly.id}/rotate`)
    await page.getByText('You need the permission keys:write.').waitFor()
    await eventually(() => page.getByRole('radio').count(), 0)
    await seat.go('/overview')
    await page.getByRole('link', { name: 'rotates for a viewer' }).click()
    await page.waitForURL(new RegExp(`/keys/${rotating.id}$`))
    for (const path of ['', `/${nightly.id}/revoke`, `/${nightly.id}/disable`, `/${nightly.id}/rotate`]) {
      const answer = await context.request.post(`${desk.origin}/v1/keys${path}`, {
        data: path === '' ? { owner_id: 'o', name: 'n', environment: 'live', scopes: [] } : {},
        headers: { 'sec-fetch-site': 'same-origin' },
      })
      assert.equal(answer.status(), 403, path)
    }
    seat.assertClean()
  })

  it('explains a refusal, with what to do', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go(`/keys/${nightly.id}`)
    await page.getByLabel('Scopes that the call needs').fill('orders:delete')
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByRole('status').filter({ hasText: 'Missing scope' }).getByText('What to do').waitFor()
    seat.assertClean()
  })

  it('MGT-34: edits a key, sending only what was changed, and not over a change of another person', async () => {
    const { id } = await desk.app.keyFor('org_8', { name: 'to edit' })
    await using seat = await desk.open('administrator')
    const { page, requests } = seat
    await seat.go(`/keys/${id}/edit`)
    await page.getByLabel('Name').fill('edited')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { level: 1, name: 'edited' }).waitFor()
    const sent = requests.find((request) => request.method() === 'PATCH')
    assert.deepEqual(sent?.postDataJSON(), { name: 'edited' })
    seat.assertClean()

    // Of two people the second is told, and loses nothing of the first.
    await seat.go(`/keys/${id}/edit`)
    await page.getByLabel('Name').fill('mine')
    await desk.app.call('PATCH', `/v1/keys/${id}`, { name: 'of another' })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').filter({ hasText: 'It was changed meanwhile' }).waitFor()
    assert.equal((await desk.app.call('GET', `/v1/keys/${id}`)).body.name, 'of another')
  })

  it('says what it cannot reach, and shows nothing without a session', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await page.route('**/v1/keys?*', (route) => route.abort())
    await page.goto(`${desk.origin}/dashboard/keys?state=active`)
    await page.getByRole('alert').filter({ hasText: 'The server does not answer' }).waitFor()
    await page.unroute('**/v1/keys?*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('row', { name: /nightly export/ }).waitFor()

    await using stranger = await desk.open(null)
    await stranger.page.goto(`${desk.origin}/dashboard/keys?state=active`)
    await stranger.page.waitForURL(/\/staff\/sign-in\?return_to=%2Fdashboard%2Fkeys%3Fstate%3Dactive$/)
  })

  it('WEB-03: signs out, and the back button shows nothing of before', async () => {
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/keys?state=active')
    await seat.go('/owners')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(/\/staff\/signed-out$/)
    await page.goBack({ timeout: 15_000 }).catch(() => null)
    await page.waitForURL(/\/staff\/(sign-in|signed-out)/)
    await eventually(() => page.getByText('nightly export').count(), 0)
  })
})
