import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type CookieJar, openJar } from '../test/cookie-jar.ts'
import { eventually } from '../test/eventually.ts'
import { type Place, place, type Running, start } from './start.fixture.ts'

/** The text of the one line of the app's page that changes. */
const noticeOf = (text: string) => /<p role="status">([^<]*)</.exec(text)?.[1]
const rowsOf = (text: string) =>
  [...text.matchAll(/<tr><td>(ord_\d+)<\/td><td>(\w+)/g)].map(([, , owner]) => owner)

/** One browser at the app and one at Doorward: they share only what the redirects carry. */
function browse(at: Place): { app: CookieJar; doorward: CookieJar } {
  return { app: openJar(at.appUrl, at.appUrl), doorward: openJar(at.serverUrl, at.serverUrl) }
}

/** Goes from the app to Doorward's first page. */
async function leave({ app, doorward }: ReturnType<typeof browse>) {
  await app.get('/')
  const { location } = await app.post('/connect', {})
  const url = new URL(location ?? '')
  return await doorward.follow(await doorward.get(url.pathname + url.search))
}

/** Returns to the app, and gives the page that it shows then. */
async function arriveBack(app: CookieJar, location: string | null) {
  const { pathname, search } = new URL(location ?? '')
  return await app.follow(await app.get(pathname + search))
}

describe('npm start, connecting an app', () => {
  let at: Place
  let running: Running
  let browser: ReturnType<typeof browse>
  let credentials: { email: string; password: string }
  before(async () => {
    at = await place()
    running = await start(at)
    assert.equal(running.exitCode, null, running.output())
    const [, email = '', password = ''] =
      /Sign in as (\S+) with the password (\S+) \(shown only once\)/.exec(running.output()) ?? []
    credentials = { email, password }
    browser = browse(at)
  })
  after(async () => {
    await running.end('SIGKILL')
    at.release()
  })

  test('CON-15: the demo user connects the app for one workspace, and leaves a scope out', async () => {
    const form = await leave(browser)
    const page = await browser.doorward.follow(await browser.doorward.submit(form, credentials))
    assert.match(page.text, /Allow Parcel Desk\?/)
    const answer = await browser.doorward.submit(page, [
      ['owner_id', 'org_globex'],
      ['decision', 'allow'],
    ])
    const shown = await arriveBack(browser.app, answer.location)
    assert.equal(noticeOf(shown.text), 'Connected.')
    assert.match(shown.text, /You allowed: <code>orders:read<\/code>/)
    assert.deepEqual(new Set(rowsOf(shown.text)), new Set(['org_globex']))
  })

  test('RS-02: the app cannot use a scope that was left out', async () => {
    const shown = await browser.app.follow(await browser.app.post('/orders', {}))
    assert.equal(noticeOf(shown.text), 'You did not allow this app to place orders.')
  })

  test('CON-19: "Connected apps" removes it, and its next call fails at once', async () => {
    const list = await browser.doorward.get('/connected-apps')
    const link = /href="(\/connected-apps\?app=grt_\w+)"/.exec(list.text)?.[1] ?? ''
    const page = await browser.doorward.get(link)
    assert.match(page.text, /loses access at once/)
    // The page has two forms; the last one removes the app.
    const removing = { ...page, text: page.text.slice(page.text.lastIndexOf('<form')) }
    const removed = await browser.doorward.submit(removing, { decision: 'remove' })
    assert.equal(removed.status, 303)
    // A revocation arrives on the changes feed: at once, or on a busy machine within the bound of five seconds.
    const notice = async () => noticeOf((await browser.app.get('/')).text) ?? 'still connected'
    await eventually(notice, 'Access was taken back. Connect again to go on.')
    assert.match((await browser.doorward.get('/connected-apps')).text, /You have not connected any apps/)
  })

  test('KEY-04: a later start shows no password', async () => {
    await running.end('SIGTERM')
    running = await start(at)
    assert.equal(running.exitCode, null, running.output())
    assert.ok(!running.output().includes(credentials.password))
    assert.match((await browser.app.get('/')).text, /Connect your orders/)
  })
})

describe('npm run start:own-login', () => {
  let at: Place
  let running: Running
  before(async () => {
    at = await place()
    running = await start(at, '--own-login')
    assert.equal(running.exitCode, null, running.output())
  })
  after(async () => {
    await running.end('SIGKILL')
    at.release()
  })

  test('CON-22: people of its own sign in there, and never give Doorward a password', async () => {
    const browser = browse(at)
    const away = await leave(browser)
    const { origin, pathname, search } = new URL(away.location ?? '')
    assert.equal(origin, at.loginUrl)
    const login = openJar(origin, origin)
    const form = await login.get(pathname + search)
    assert.match(form.text, /Parcel Desk wants you to sign in/)
    const wrong = await login.submit(form, { login: 'marcus', password: 'x', decision: 'sign_in' })
    assert.equal(wrong.status, 401)
    const fields = { login: 'marcus', password: 'standing desks', decision: 'sign_in' }
    const answer = await login.submit(wrong, fields)
    const next = new URL(answer.location ?? '')
    const page = await browser.doorward.follow(await browser.doorward.get(next.pathname + next.search))
    assert.match(page.text, /Signed in as <strong>Marcus<\/strong>/)
    const done = await browser.doorward.submit(page, [
      ['owner_id', 'org_acme'],
      ['scope', 'orders:write'],
      ['decision', 'allow'],
    ])
    const shown = await arriveBack(browser.app, done.location)
    assert.deepEqual(new Set(rowsOf(shown.text)), new Set(['org_acme']))
    const placed = await browser.app.follow(await browser.app.post('/orders', {}))
    assert.equal(noticeOf(placed.text), 'An order was placed.')
  })

  test('CON-20: cancelling there refuses the request', async () => {
    const browser = browse(at)
    const away = await leave(browser)
    const { origin, pathname, search } = new URL(away.location ?? '')
    const login = openJar(origin, origin)
    const answer = await login.submit(await login.get(pathname + search), { decision: 'cancel' })
    const next = new URL(answer.location ?? '')
    const back = await browser.doorward.follow(await browser.doorward.get(next.pathname + next.search))
    const link = /<a href="(\/oauth\/refused[^"]*)">Back to Parcel Desk</.exec(back.text)?.[1] ?? ''
    const refused = await browser.doorward.get(link)
    const shown = await arriveBack(browser.app, refused.location)
    assert.equal(noticeOf(shown.text), 'You said no: nothing was connected.')
  })
})
