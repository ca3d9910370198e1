import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { openTestApp, type TestApp } from './app.ts'
import { noChromium, openChromium } from './chromium.ts'
import { freePort } from './free-port.ts'
import { FAULTS, SIZES } from './page-faults.ts'
import { makeUser, PASSWORD } from './sign-in.ts'

/** Opens the app with its listening address as its public URL, as for browsers. */
async function openPublic(): Promise<{ app: TestApp; origin: string }> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const app = await openTestApp({ publicUrl: origin })
  await app.app.listen({ port, host: '127.0.0.1' })
  return { app, origin }
}

const CLEARED = /^Clear-Site-Data header .* Cleared data types: "storage"\.$/

/** Layout shifts: the number of times that visible content moved. */
const SHIFTS = `new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(list.getEntries().length)).observe({ type: 'layout-shift', buffered: true })
  setTimeout(() => resolve(0), 300)
})`

describe('the pages of sign-in', { skip: noChromium }, () => {
  it('WEB-13 WEB-01: are legible, labelled and complete, wide and narrow, light and dark, without a script', async () => {
    const { app, origin } = await openPublic()
    const browser = await openChromium()
    try {
      await makeUser(app, 'ann@acme.example')
      const { body: bo } = await app.call('POST', '/v1/users', { email: 'bo@acme.example', name: 'Bo' })
      for (const viewport of SIZES)
        for (const colorScheme of ['light', 'dark'] as const) {
          const context = await browser.newContext({ viewport, colorScheme, javaScriptEnabled: false })
          const page = await context.newPage()
          const faults: string[] = []
          // Chromium reports `Clear-Site-Data` before or after the next page.
          page.on('console', (message) => {
            if (!CLEARED.test(message.text())) faults.push(message.text())
          })
          page.on('request', (request) => {
            if (!request.url().startsWith('data:') && new URL(request.url()).origin !== origin)
              faults.push(request.url())
          })
          const look = async (what: string) => {
            const found = (await page.evaluate(FAULTS)) as string[]
            assert.deepEqual(
              [...found, ...faults.splice(0)],
              [],
              `${what}, ${viewport.width} px, ${colorScheme}`,
            )
          }
          await page.goto(`${origin}/sign-in`)
          await look('sign in')
          await signIn(page, 'not the password')
          await page.waitForSelector('[role=alert]')
          // The console reports that a page has status 401.
          faults.splice(0)
          await look('sign in again')
          await signIn(page, PASSWORD)
          await page.waitForSelector('h1:has-text("You are signed in")')
          await look('signed in')
          await page.goto(bo.password_link.url)
          await look('choose a password')
          await page.goto(`${origin}/sign-in?login_challenge=none`)
          faults.splice(0)
          await page.click('summary')
          await look('failure')
          await page.goto(`${origin}/sign-in`)
          const answered = page.waitForResponse((answer) => answer.request().method() === 'POST')
          await page.click('button')
          await page.waitForSelector('h1:has-text("You are signed out")')
          assert.equal(await (await answered).headerValue('clear-site-data'), '"storage"')
          await look('signed out')
          await context.close()
        }
    } finally {
      await browser.close()
      await app.close()
    }
  })

  it('can be used by keyboard alone: the first field has the focus, and the tab order is that of the page', async () => {
    const { app, origin } = await openPublic()
    const browser = await openChromium()
    try {
      await makeUser(app, 'ann@acme.example')
      const page = await browser.newPage()
      await page.goto(`${origin}/sign-in`)
      // The page sets the focus itself, on a busy machine a moment after it has loaded.
      await page.locator('input[name=email]:focus').waitFor()
      await page.keyboard.type('ann@acme.example')
      await page.keyboard.press('Tab')
      await page.keyboard.type(PASSWORD)
      await page.keyboard.press('Tab')
      const button = (await page.evaluate(
        'getComputedStyle(document.activeElement).outlineStyle + document.activeElement.textContent',
      )) as string
      assert.equal(button, 'solidSign in')
      await page.keyboard.press('Enter')
      await page.waitForSelector('h1:has-text("You are signed in")')
      const shift = await page.evaluate(SHIFTS)
      assert.equal(shift, 0)
      await page.goBack()
      await page.waitForSelector('h1:has-text("You are signed in")')
      const cookies = await page.context().cookies()
      assert.deepEqual(
        cookies
          .map(({ name, httpOnly, sameSite, secure }) => `${name} ${httpOnly} ${sameSite} ${secure}`)
          .sort(),
        ['doorward-browser true Lax false', 'doorward-session true Lax false'],
      )
    } finally {
      await browser.close()
      await app.close()
    }
  })

  it('WEB-05 WEB-03: another site can neither send our forms nor frame our pages', async () => {
    const { app, origin } = await openPublic()
    const browser = await openChromium()
    try {
      await makeUser(app, 'ann@acme.example')
      const page = await browser.newPage()
      await page.goto(`${origin}/sign-in`)
      await signIn(page, PASSWORD)
      await page.waitForSelector('h1:has-text("You are signed in")')
      const token = await page.getAttribute('[name=csrf_token]', 'value')
      // Another origin: the same server by another name, which the browser counts as cross-site.
      const evil = origin.replace('127.0.0.1', 'localhost')
      await page.route(`${evil}/evil`, (route) =>
        route.fulfill({
          contentType: 'text/html',
          body: `<form method="post" action="${origin}/sign-out"><input name="csrf_token" value="${token}"><button>x</button></form>
            <iframe src="${origin}/sign-in"></iframe>`,
        }),
      )
      await page.goto(`${evil}/evil`)
      const framed = await page.frames()[1]?.content()
      assert.ok(!/signed in|Sign in/.test(framed ?? ''))
      await page.click('button')
      await page.waitForSelector('h1:has-text("This form is out of date")')
      await page.goto(`${origin}/sign-in`)
      await page.waitForSelector('h1:has-text("You are signed in")')
    } finally {
      await browser.close()
      await app.close()
    }
  })
})

async function signIn(page: Page, password: string): Promise<void> {
  await page.fill('#email', 'ann@acme.example')
  await page.fill('#password', password)
  await page.click('button')
}
