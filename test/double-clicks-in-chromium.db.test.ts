import assert from 'node:assert/strict'
import { createServer, type RequestListener, request, type Server } from 'node:http'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openTestApp, type TestApp } from './app.ts'
import { noChromium, openChromium } from './chromium.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { makeUser, PASSWORD } from './sign-in.ts'
import { codeAt, enrolApp, joinStaff } from './staff-browser.ts'

interface Clicks {
  /** A form was sent. */
  sent(): void
  /** Resolve when it was sent once, and again. */
  readonly first: Promise<void>
  readonly second: Promise<void>
}

function twoClicks(): Clicks {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let count = 0
  const sent = () => {
    count += 1
    if (count === 1) first.resolve()
    else second.resolve()
  }
  return { sent, first: first.promise, second: second.promise }
}

/** Chromium drops the answer to the first click when the second one comes, and with it the cookies that it sets. */
describe('a double click in Chromium', { skip: noChromium }, () => {
  let app: TestApp
  let origin: string
  let direct: string
  let browser: Browser
  let proxy: Server
  let people = 0
  /** Clicks that are being made; null while answers are passed on as they come. */
  let clicks: Clicks | null = null

  /** Passes requests on. It holds the answer to a form until it was sent twice, so that the clicks need no pace. */
  const passOn: RequestListener = (asked, answer) => {
    const held = asked.method === 'POST' ? clicks : null
    held?.sent()
    const { url, method, headers } = asked
    const forwarded = request(`${direct}${url}`, { method, headers }, async (got) => {
      await held?.second
      answer.writeHead(got.statusCode ?? 502, got.headers)
      got.pipe(answer)
    })
    forwarded.on('error', () => answer.destroy())
    asked.pipe(forwarded)
  }

  before(async () => {
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    app = await openTestApp({ publicUrl: origin })
    direct = await app.app.listen({ port: await freePort(), host: '127.0.0.1' })
    proxy = createServer(passOn).listen(port, '127.0.0.1')
    browser = await openChromium()
  })
  after(async () => {
    await browser.close()
    proxy.closeAllConnections()
    proxy.close()
    await app.close()
  })

  async function open(path: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage()
    await page.goto(origin + path)
    return page
  }

  async function openAsStaff(email: string, path: string): Promise<Page> {
    const page = await open(`/staff/sign-in?return_to=${encodeURIComponent(path)}`)
    await page.fill('#email', email)
    await page.fill('#password', PASSWORD)
    await page.click('main button')
    await page.waitForURL((url) => url.pathname !== '/staff/sign-in')
    return page
  }

  /** Clicks the button of a page twice, as a mouse does. */
  async function clickTwice(page: Page): Promise<void> {
    const both = twoClicks()
    clicks = both
    const box = await page.locator('main button').first().boundingBox()
    assert.ok(box !== null)
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    await page.mouse.click(x, y)
    await both.first
    await page.mouse.click(x, y)
    await both.second
    clicks = null
  }

  const heading = (page: Page, text: string) => page.waitForSelector(`h1:has-text("${text}")`)

  const FORMS: readonly [path: string, run: () => Promise<Page>][] = [
    [
      '/sign-in',
      async () => {
        const email = `user-${++people}@acme.example`
        await makeUser(app, email)
        const page = await open('/sign-in')
        await page.fill('#email', email)
        await page.fill('#password', PASSWORD)
        await clickTwice(page)
        await heading(page, 'You are signed in')
        return page
      },
    ],
    [
      '/set-password',
      async () => {
        const user = { email: `user-${++people}@acme.example`, name: 'Bo' }
        const { body } = await app.call('POST', '/v1/users', user)
        const page = await open(body.password_link.url.slice(origin.length))
        await page.fill('#password', PASSWORD)
        await clickTwice(page)
        await heading(page, 'Your password is set')
        return page
      },
    ],
    [
      '/staff/welcome',
      async () => {
        const invited = { email: `staff-${++people}@acme.example`, role: 'viewer' }
        const { body } = await app.call('POST', '/v1/staff-invitations', invited)
        const page = await open(body.url.slice(origin.length))
        await page.fill('#name', 'Bo')
        await page.fill('#password', PASSWORD)
        await clickTwice(page)
        // Not `waitForURL`, which fails for the navigation that the second click ends.
        await eventually(() => page.url(), /\/dashboard/)
        await page.goto(`${origin}/staff/factors`)
        await heading(page, 'Your second factors')
        return page
      },
    ],
    [
      '/staff/second-factor',
      async () => {
        const { email, jar } = await joinStaff(app, direct, 'viewer', `staff-${++people}@acme.example`)
        const { secret } = await enrolApp(app, jar)
        const page = await openAsStaff(email, '/staff/factors')
        await page.waitForSelector('#code')
        app.clock.advance({ seconds: 30 })
        await page.fill('#code', codeAt(secret, app.clock.now()))
        await clickTwice(page)
        await heading(page, 'Your second factors')
        return page
      },
    ],
    [
      '/staff/confirm',
      async () => {
        const { email } = await joinStaff(app, direct, 'viewer', `staff-${++people}@acme.example`)
        const page = await openAsStaff(email, '/staff/confirm?return_to=/staff/factors')
        await heading(page, 'Confirm that it is you')
        await page.fill('#password', PASSWORD)
        await clickTwice(page)
        await heading(page, 'Your second factors')
        return page
      },
    ],
  ]

  for (const [path, run] of FORMS)
    it(`CON-20: ${path} leads where one click does, although the first answer and its cookies are lost`, async () => {
      const page = await run()
      await page.context().close()
      const { body } = await app.call('GET', '/v1/audit-events?result=refused')
      assert.deepEqual(body.data, [])
    })
})
