import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { readDashboard } from '../../src/pages/dashboard.ts'
import type { RoleName } from '../../src/staff/role.ts'
import { buildIfChanged } from '../../web/build.ts'
import { openTestApp, type TestApp } from '../app.ts'
import { seriousFindings } from '../axe.ts'
import { openChromium } from '../chromium.ts'
import { freePort } from '../free-port.ts'
import { exampleProvider } from '../management/operations.ts'
import { staffAs } from '../staff.ts'

const DIST = new URL('../../web/dist/', import.meta.url)
const USUAL = { width: 1280, height: 900 }
/** The usual window at a zoom of 200 % (WCAG 1.4.10), and a wide screen. */
const OTHERS = [
  { width: 640, height: 450 },
  { width: 1920, height: 1080 },
]
/** Directory for screenshots of every state; optional. */
const PICTURES = process.env.SCREENSHOTS

/** The dashboard on a server of its own, with one browser for a whole file. */
export interface Desk {
  readonly app: TestApp
  readonly origin: string
  /** Opens a window of a staff member who has just signed in; null: of nobody. */
  open(role: RoleName | null, settings?: Parameters<Browser['newContext']>[0]): Promise<Seat>
  close(): Promise<void>
}

/** A window, and all that was wrong in it. */
export interface Seat extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** Every request that left the window. */
  readonly requests: Request[]
  go(path: string): Promise<void>
  /** Fails on a console error, a violation of the CSP or of Trusted Types, and a request to another origin. */
  assertClean(): void
  /** Without serious findings of axe, and without scrolling sideways; takes a picture where one is asked for. */
  look(what: string): Promise<void>
}

/** @param settings of the server, where they differ from those of other tests */
export async function openDesk(settings: Parameters<typeof openTestApp>[0] = {}): Promise<Desk> {
  await buildIfChanged()
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const parts = { dashboard: readDashboard(DIST), providerFetch: exampleProvider }
  const app = await openTestApp({ ...settings, publicUrl: origin }, parts)
  await app.app.listen({ port, host: '127.0.0.1' })
  const browser = await openChromium()
  return {
    app,
    origin,
    open: async (role, settings = {}) => {
      const context = await browser.newContext({ viewport: USUAL, ...settings })
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
      if (role !== null) {
        const { token } = await staffAs(app, role)
        await context.addCookies([
          { name: 'doorward-staff', value: token, url: origin, httpOnly: true, sameSite: 'Strict' },
        ])
      }
      return await seatIn(context, origin, app)
    },
    close: async () => {
      await browser.close()
      app.app.server.closeAllConnections()
      await app.close()
    },
  }
}

async function seatIn(context: BrowserContext, origin: string, app: TestApp): Promise<Seat> {
  const faults: string[] = []
  const requests: Request[] = []
  const page = await context.newPage()
  // The page tells the time by the clock of the test, and its timers run.
  await page.clock.setFixedTime(app.clock.now())
  await page.exposeFunction('noteViolation', (what: string) => faults.push(`CSP: ${what}`))
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      (window as unknown as { noteViolation(what: string): void }).noteViolation(
        `${violatedDirective} ${blockedURI}`,
      ),
    ),
  )
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('request', (request) => {
    requests.push(request)
    const url = new URL(request.url())
    if (url.origin !== origin && url.protocol !== 'data:') faults.push(`off-origin: ${request.url()}`)
  })
  const settle = async () => {
    await page.waitForSelector('h1')
    await page.waitForFunction(() => document.querySelector('.loading') === null)
  }
  const assertNoSideways = async (name: string) => {
    const isSideways = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    assert.equal(isSideways, false, `${name} scrolls sideways`)
  }
  return {
    page,
    context,
    requests,
    go: async (path) => {
      await page.goto(`${origin}/dashboard${path}`)
      await settle()
    },
    assertClean: () => assert.deepEqual(faults, []),
    look: async (what) => {
      await settle()
      const size = page.viewportSize()
      const scheme = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)
      const name = `${what}-${size?.width}-${scheme ? 'dark' : 'light'}`
      if (PICTURES !== undefined)
        await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
      assert.deepEqual(await seriousFindings(page), [], name)
      await assertNoSideways(name)
      if (size?.width === USUAL.width) {
        for (const other of OTHERS) {
          await page.setViewportSize(other)
          await assertNoSideways(`${name} at ${other.width}`)
        }
        await page.setViewportSize(size)
      }
      assert.deepEqual(faults, [], name)
    },
    [Symbol.asyncDispose]: () => context.close(),
  }
}

/** Everywhere in a window where a text could be left behind. */
export async function placesWith(page: Page, text: string): Promise<string[]> {
  return await page.evaluate((secret) => {
    const fields = [...document.querySelectorAll('input, textarea')].map(
      (field) => (field as HTMLInputElement).value,
    )
    const places = {
      document: document.documentElement.outerHTML,
      fields: fields.join('\n'),
      title: document.title,
      url: location.href,
      history: JSON.stringify(history.state) ?? '',
      localStorage: JSON.stringify({ ...localStorage }),
      sessionStorage: JSON.stringify({ ...sessionStorage }),
      cookie: document.cookie,
    }
    return Object.entries(places)
      .filter(([, content]) => content.includes(secret))
      .map(([place]) => place)
  }, text)
}
