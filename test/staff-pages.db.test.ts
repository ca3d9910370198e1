import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { openTestApp, type TestApp } from './app.ts'
import { noChromium, openChromium } from './chromium.ts'
import { freePort } from './free-port.ts'
import { FAULTS, SIZES } from './page-faults.ts'
import { PASSWORD } from './sign-in.ts'
import { codeAt } from './staff-browser.ts'

/** Each size and each colour once: the journey is long. */
const LOOKS = [
  [SIZES[0], 'light'],
  [SIZES[1], 'dark'],
] as const

/** Opens the app under the one name for which browsers make passkeys over http. */
async function openLocal(): Promise<{ app: TestApp; origin: string }> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const app = await openTestApp({ publicUrl: origin })
  await app.app.listen({ port, host: '127.0.0.1' })
  return { app, origin }
}

/** A platform authenticator that Chromium has instead of the machine's own (CDP domain WebAuthn). */
async function withAuthenticator(context: BrowserContext, page: Page) {
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...({ protocol: 'ctap2', transport: 'internal' } as const),
      ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
      automaticPresenceSimulation: true,
    },
  })
  return {
    setUserVerified: (isUserVerified: boolean) =>
      devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  }
}

describe('the pages of second factors', { skip: noChromium }, () => {
  it('WEB-13 WEB-01 CON-07: enrol an app and a passkey, sign in and confirm with them, wide and narrow, light and dark', async () => {
    const { app, origin } = await openLocal()
    const browser = await openChromium()
    try {
      for (const [viewport, colorScheme] of LOOKS) {
        const context = await browser.newContext({ viewport, colorScheme })
        const page = await context.newPage()
        const { setUserVerified } = await withAuthenticator(context, page)
        const faults: string[] = []
        page.on('console', (message) => void faults.push(message.text()))
        page.on('pageerror', (error) => void faults.push(String(error)))
        const heading = (text: string) => page.waitForSelector(`h1:has-text("${text}")`)
        const look = async (title: string) => {
          await heading(title)
          // The console reports pages with status 401 and 422.
          const reports = faults.splice(0).filter((each) => !/status of 4(01|22)/.test(each))
          const found = (await page.evaluate(FAULTS)) as string[]
          assert.deepEqual([...found, ...reports], [], `${title}, ${viewport.width} px, ${colorScheme}`)
        }
        const email = `${viewport.width}-${colorScheme}@staff.example`
        await join(app, page, email)
        faults.splice(0)

        await page.goto(`${origin}/staff/factors`)
        await look('Your second factors')
        await page.click('text=Set up an authenticator app')
        await look('Set up an authenticator app')
        await page.click('summary')
        const secret = ((await page.textContent('details code')) ?? '').replaceAll(' ', '')
        await page.fill('#code', '000000')
        await page.click('button')
        await page.waitForSelector('[role=alert]')
        await look('Set up an authenticator app')
        await page.fill('#code', codeAt(secret, app.clock.now()))
        await page.click('button')
        await look('Your recovery codes')
        const recovery = (await page.textContent('.codes code')) ?? ''

        await page.goto(`${origin}/staff/factors/passkey`)
        await look('Add a passkey')
        await setUserVerified(false)
        await page.click('button')
        await page.waitForSelector('[data-passkey-alert]:has-text("No passkey was used")')
        await look('Add a passkey')
        await setUserVerified(true)
        await page.click('button')
        await look('Your second factors')
        await page.click('summary >> nth=1')
        await look('Your second factors')

        await context.clearCookies()
        await page.goto(`${origin}/staff/sign-in?return_to=/staff/factors`)
        await look('Staff sign-in')
        await page.click('text=Sign in with a passkey')
        await look('Staff sign-in')
        await page.click('button')
        await look('Your second factors')
        assert.ok((await context.cookies()).some(({ name }) => name === 'doorward-staff'))

        await page.goto(`${origin}/staff/confirm?return_to=/staff/factors`)
        await look('Confirm that it is you')
        await page.click('button')
        await look('Your second factors')
        await page.goto(`${origin}/staff/confirm/code?return_to=/staff/factors`)
        await look('Confirm that it is you')

        await context.clearCookies()
        await page.goto(`${origin}/staff/sign-in?return_to=/staff/factors`)
        await page.fill('#email', email)
        await page.fill('#password', PASSWORD)
        await page.click('button')
        await look('One more step')
        await page.fill('#code', '000000')
        await page.click('button')
        await page.waitForSelector('[role=alert]')
        await look('One more step')
        await page.click('text=Use a passkey')
        await look('One more step')
        await page.click('text=Use a recovery code')
        await look('One more step')
        await page.fill('#code', recovery)
        await page.click('button')
        await look('Your second factors')
        await context.close()
      }
    } finally {
      await browser.close()
      await app.close()
    }
  })
})

/** Accepts an invitation in the browser. */
async function join(app: TestApp, page: Page, email: string): Promise<void> {
  const { body } = await app.call('POST', '/v1/staff-invitations', { email, role: 'viewer' })
  await page.goto(body.url)
  await page.fill('#name', 'Ann')
  await page.fill('#password', PASSWORD)
  await page.click('button')
  await page.waitForURL('**/dashboard')
}
