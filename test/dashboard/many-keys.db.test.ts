import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import { noChromium } from '../chromium.ts'
import { eventually } from '../eventually.ts'
import { type Desk, openDesk } from './desk.ts'

describe('many keys at once, what needs attention, and a developer in the dashboard', {
  skip: noChromium,
}, () => {
  let desk: Desk
  before(async () => {
    desk = await openDesk()
    await desk.app.call('POST', '/v1/scopes', { name: 'orders:read', description: 'See your orders' })
  })
  after(() => desk?.close())

  it('revokes chosen keys after it has named who uses them, with a result for each', async () => {
    const { app } = desk
    const make = (name: string) => app.keyFor('org_batch', { name, scopes: ['orders:read'] })
    const [one, two, three] = [await make('batch one'), await make('batch two'), await make('batch three')]
    const secretId = (await app.call('GET', `/v1/keys/${two.id}`)).body.secrets[0].id
    const now = app.clock.now().toISOString()
    const call = { credential_id: secretId, outcome: 'accepted', scope: '', minute: now, count: 7, calls: 7 }
    const items = [{ ...call, last_at: now, last_ip: '198.51.100.7', last_user_agent: null }]
    await app.call('POST', '/v1/usage-batches', { id: 'batch_many', items, exposed: [] })
    await using seat = await desk.open('administrator')
    const { page } = seat
    await seat.go('/keys?owner_id=org_batch&state=live')
    const bar = page.getByRole('group', { name: 'Change many keys' })
    await bar.getByText('Tick keys to change several at once.').waitFor()
    await page.getByRole('checkbox', { name: 'Select key batch one' }).check()
    await page.getByRole('checkbox', { name: 'Select key batch two' }).check()
    await bar.getByText('2 chosen').waitFor()
    await bar.getByRole('link', { name: 'Change the chosen …' }).click()
    await page.getByText('2 keys chosen in the list').waitFor()
    await page.getByRole('radio', { name: 'Revoke for good' }).check()
    await page.getByRole('button', { name: 'Show what would happen' }).click()
    const foreseen = page.getByRole('table', { name: 'What would happen, latest used first' })
    await page.getByRole('status').filter({ hasText: '2 keys would change, of 1 owner.' }).waitFor()
    await page.getByText('1 of these keys was used in the last 24 hours').waitFor()
    await eventually(() => foreseen.getByRole('row').nth(1).textContent(), /batch two.*org_batch.*7/)
    await seat.look('change-many')
    // Meanwhile a colleague has revoked one of them.
    await app.call('POST', `/v1/keys/${one.id}/revoke`, {})
    await page.getByRole('textbox', { name: 'Reason' }).fill('leaver')
    await page.getByRole('button', { name: 'Revoke 2 keys for good' }).click()
    await page.getByRole('status').filter({ hasText: '1 key changed, 1 as before.' }).waitFor()
    await page.getByRole('row', { name: /batch one.*as it was/ }).waitFor()
    await page.getByRole('row', { name: /batch two.*done/ }).waitFor()
    const { body } = await app.call('GET', `/v1/keys/${two.id}`)
    assert.deepEqual([body.state, body.revoked_reason], ['revoked', 'leaver'])
    assert.equal((await app.call('GET', `/v1/keys/${three.id}`)).body.state, 'active')
    seat.assertClean()
  })

  it('changes all keys of a filter, as many requests as it takes, and nothing if the keys changed meanwhile', async () => {
    const { app } = desk
    for (let n = 0; n < 101; n++)
      await app.keyFor('org_filter', { name: `filtered ${n}`, scopes: ['orders:read'] })
    await using seat = await desk.open('administrator')
    const { page, requests } = seat
    // With a filter left out, more keys would match than were meant.
    await seat.go('/keys/change?state=live&owner=org_filter&act=revoke')
    await page.getByText('“owner”').waitFor()
    await eventually(() => page.getByRole('button', { name: 'Show what would happen' }).count(), 0)
    await seat.go('/keys?owner_id=org_filter&state=live')
    await page.getByRole('link', { name: 'Change all that match …' }).click()
    await page.getByText('All keys that match').waitFor()
    await page.getByRole('radio', { name: 'Take a scope away' }).check()
    await page.getByLabel('Scope to take away').selectOption('orders:read')
    await page.getByRole('button', { name: 'Show what would happen' }).click()
    await page.getByText('101 keys would change, of 1 owner.').waitFor()
    await app.keyFor('org_filter', { name: 'came later', scopes: ['orders:read'] })
    await page.getByRole('button', { name: 'Take the scope from 101 keys' }).click()
    await page.getByRole('alert').filter({ hasText: 'Nothing was done' }).waitFor()
    await page.getByRole('button', { name: 'Look again' }).click()
    await page.getByRole('button', { name: 'Take the scope from 102 keys' }).click()
    await page.getByRole('status').filter({ hasText: '102 keys changed.' }).waitFor()
    const sent = requests.filter((request) => request.url().endsWith('/v1/keys/bulk/remove-scope'))
    assert.equal(sent.length, 5)
    const { body } = await app.call('GET', '/v1/keys?owner_id=org_filter&scope=orders:read')
    assert.deepEqual(body.data, [])
  })

  it('leads from what needs attention to the keys with an exposed secret, and to ended ones in use', async () => {
    const { app } = desk
    const [leaky, forgotten] = [
      await app.keyFor('org_9', { name: 'leaky script' }),
      await app.keyFor('org_9', { name: 'forgotten server' }),
    ]
    await app.call('POST', `/v1/keys/${forgotten.id}/revoke`, {})
    const secretId = (await app.call('GET', `/v1/keys/${forgotten.id}`)).body.secrets[0].id
    const at = app.clock.now().toISOString()
    const call = { credential_id: secretId, outcome: 'revoked', scope: '', minute: at, count: 3, calls: 3 }
    const items = [{ ...call, last_at: at, last_ip: '198.51.100.9', last_user_agent: 'cron/1' }]
    const exposed = [{ hash: hashCredential(leaky.secret), at, ip: null }]
    await app.call('POST', '/v1/usage-batches', { id: 'batch_attention', items, exposed })
    await using seat = await desk.open('security')
    const { page } = seat
    await seat.go('/overview')
    await page.getByRole('link', { name: 'Show: Secret was seen in a URL' }).click()
    await page.getByRole('row', { name: /leaky script/ }).waitFor()
    await eventually(() => new URL(page.url()).search, '?exposed=true')
    await eventually(() => page.getByLabel('Attention').inputValue(), 'exposed')
    await page.goBack()
    await page.getByRole('link', { name: 'Show: Dead, and still presented' }).click()
    await page.getByRole('row', { name: /forgotten server.*org_9.*198\.51\.100\.9.*3/ }).waitFor()
    await seat.look('dead-credentials')
    seat.assertClean()
  })

  it('MGT-03: leads a developer, who is bound to test environments, to no page that is refused', async () => {
    const own = await desk.app.keyFor('org_7', { name: 'a developer’s', environment: 'test' })
    await using seat = await desk.open('developer')
    const { page } = seat
    const answers: string[] = []
    page.on('response', (answer) => {
      if (answer.status() >= 400) answers.push(`${answer.status()} ${answer.url()}`)
    })
    await seat.go('/')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await page.getByText('What needs a look in your environments: test.').waitFor()
    await page.getByText('Verifications are summed over all environments together').waitFor()
    await eventually(() => page.getByRole('heading', { name: 'Health of this server' }).count(), 0)
    // Of the keys of live environments, made above, nothing is counted here.
    const active = page.getByRole('table', { name: 'Keys by state' }).getByRole('row', { name: /^Active/ })
    await eventually(() => active.textContent(), /^Active1$/)
    await seat.look('overview-developer')
    const links = await page
      .getByRole('navigation', { name: 'Main' })
      .getByRole('link')
      .evaluateAll((found) => found.map((link) => link.getAttribute('href') ?? ''))
    assert.equal(links.length, 7)
    for (const path of [
      ...links.map((link) => link.replace('/dashboard', '')),
      ...[
        '/keys/dead',
        '/scopes/orders:read',
        '/owners/org_7',
        '/keys/new',
        '/clients/new',
        '/clients/software',
      ],
      ...[`/keys/${own.id}`, `/keys/${own.id}/edit`, `/keys/${own.id}/rotate`, `/keys/${own.id}/end`],
    ]) {
      await seat.go(path)
      await page.waitForLoadState('networkidle')
    }
    await seat.go(`/keys/${own.id}`)
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByRole('status').filter({ hasText: 'It would be accepted' }).waitFor()
    assert.deepEqual(answers, [])
    seat.assertClean()
  })
})
