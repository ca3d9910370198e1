import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { TestApp } from './app.ts'
import { seriousFindings } from './axe.ts'
import { noChromium, openChromium } from './chromium.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { authorizePath, EMAIL, openOAuthApp, pkce } from './oauth.ts'
import { makeUser, PASSWORD } from './sign-in.ts'

/** Directory for screenshots of every page; optional. */
const PICTURES = process.env.SCREENSHOTS
const SIZES = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
]

/** Error code of a machine without IPv6. */
const NO_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

describe('consent and connected apps, in a browser', { skip: noChromium }, () => {
  let app: TestApp
  let origin: string
  let browser: Browser
  let client: Server
  let redirectUri: string
  const arrived: URL[] = []
  let close: () => Promise<void>
  before(async () => {
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    const oauth = await openOAuthApp({ publicUrl: origin, port, owners: ['org_acme'] })
    app = oauth.app
    close = oauth.close
    browser = await openChromium()
    client = createServer((request, response) => {
      if (request.url?.startsWith('/cb')) arrived.push(new URL(request.url, redirectUri))
      // Some apps receive the code at one origin and redirect to another.
      if (request.url?.startsWith('/cb') && request.url.includes('state=onwards')) {
        response.writeHead(303, { location: new URL('/home', localhost(redirectUri)).href }).end()
        return
      }
      // Callbacks of hosted assistants redirect to the assistant on the user's machine.
      if (request.url?.startsWith('/cb') && request.url.includes('state=native')) {
        response.writeHead(307, { location: 'com.example.assistant://callback?code=x' }).end()
        return
      }
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><title>Back</title><h1>Back in the app</h1>')
    })
    await new Promise<void>((resolve) => client.listen(0, '127.0.0.1', resolve))
    redirectUri = `http://127.0.0.1:${(client.address() as AddressInfo).port}/cb`
    await app.call('PATCH', '/v1/owners/org_acme', { name: 'Acme Ltd' })
    for (const [name, description, sensitivity] of [
      ['orders:read', 'See your orders', 'basic'],
      ['orders:write', 'Place orders for you', 'sensitive'],
      ['orders:admin', 'Delete your orders', 'restricted'],
    ])
      await app.call('POST', '/v1/scopes', { name, description, sensitivity })
    await makeUser(app, 'both@example.com', ['org_acme', 'org_globex'])
  })
  after(async () => {
    await browser?.close()
    client?.close()
    client?.closeAllConnections()
    await close?.()
  })

  const newClient = async (more: Record<string, unknown> = {}) => {
    const { body } = await app.call('POST', '/v1/clients', {
      name: 'Parcel Desk',
      type: 'confidential',
      redirect_uris: ['http://127.0.0.1/cb'],
      scopes: ['orders:read', 'orders:write', 'orders:admin'],
      required_scopes: ['orders:read'],
      client_uri: 'https://parcel.example',
      policy_uri: 'https://parcel.example/privacy',
      ...more,
    })
    return body.client_id as string
  }
  const urlOf = (clientId: string, more = {}) =>
    origin +
    authorizePath({
      client_id: clientId,
      redirect_uri: redirectUri,
      code_challenge: pkce().challenge,
      ...more,
    })
  const signIn = async (page: Page, email = EMAIL) => {
    await page.fill('#email', email)
    await page.fill('#password', PASSWORD)
    await page.click('button')
  }

  it('WEB-13 CON-15: are without serious findings, wide and narrow, light and dark', async () => {
    const look = async (what: string, page: Page) => {
      for (const viewport of SIZES)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.setViewportSize(viewport)
          await page.emulateMedia({ colorScheme })
          const name = `${what}-${viewport.width}-${colorScheme}`
          if (PICTURES !== undefined)
            await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
          assert.deepEqual(await seriousFindings(page), [], name)
          const sideways = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
          assert.equal(sideways, false, `${name} scrolls sideways`)
        }
    }
    const context = await browser.newContext()
    const page = await context.newPage()
    const clientId = await newClient()
    await page.goto(urlOf(clientId, { scope: 'orders:read orders:write' }))
    await look('sign-in', page)
    await signIn(page)
    await page.waitForSelector('h1:has-text("Allow Parcel Desk?")')
    await look('consent', page)
    await page.click('button[value=allow]')
    await page.waitForSelector('h1:has-text("Back in the app")')
    await page.goto(urlOf(clientId, { scope: 'orders:read orders:write orders:admin' }))
    await page.waitForSelector('h1:has-text("Allow Parcel Desk?")')
    await look('consent-more', page)
    await page.goto(`${origin}/connected-apps`)
    await look('connected-apps', page)
    await page.click('text=Change or remove')
    await page.waitForSelector('button[value=remove]')
    await look('connected-app', page)
    await app.call('POST', `/v1/clients/${clientId}/suspend`, { reason: 'test' })
    await page.reload()
    await page.waitForSelector('text=This app is stopped')
    await look('connected-app-stopped', page)
    await page.click('button[value=remove]')
    await page.waitForSelector('h1:has-text("Connected apps")')
    await page.goto(urlOf(await newClient({ draft: true })))
    await page.waitForSelector('button[value=back]')
    await look('dead-end', page)
    const blockedId = await newClient()
    await app.call('PUT', `/v1/owners/org_acme/blocked-clients/${blockedId}`)
    await page.goto(urlOf(blockedId))
    await page.waitForSelector('text=blocked by an administrator of Acme Ltd')
    await look('blocked', page)
    await page.goto(`${origin}/oauth/authorize?client_id=nobody`)
    await page.click('summary')
    await look('failure', page)
    await context.close()

    const several = await browser.newContext()
    const other = await several.newPage()
    await other.goto(urlOf(await newClient()))
    await signIn(other, 'both@example.com')
    await other.waitForSelector('text=For which workspace?')
    await look('consent-several', other)
    await app.call('PATCH', '/v1/scopes/orders:admin', { description: 'Delete all your orders' })
    await other.click('button[value=allow]')
    await other.waitForSelector('[role=alert]')
    await look('consent-changed', other)
    await other.click('button[value=somebody_else]')
    await other.waitForSelector('#password')
    await signIn(other)
    await other.waitForSelector(`text=(${EMAIL})`)
    await other.goto(urlOf(blockedId))
    await other.click('button[value=back]')
    await other.waitForSelector('h1:has-text("Back in the app")')
    await several.clearCookies({ name: 'doorward-session' })
    await other.goto(urlOf(blockedId))
    await signIn(other, 'both@example.com')
    await other.waitForSelector('text=Not available: Acme Ltd')
    await look('consent-not-available', other)
    await several.close()
  })

  for (const host of ['127.0.0.1', '[::1]'])
    it(`WEB-02 AUZ-04: Chromium follows the redirect to an app that listens at http://${host}`, async (t) => {
      const listening = await listenAt(host.replace(/[[\]]/g, ''))
      if (listening === null) return t.skip('this machine has no such address')
      const context = await browser.newContext()
      const page = await context.newPage()
      const clientId = await newClient({ type: 'public', redirect_uris: [`http://${host}/cb`] })
      await page.goto(urlOf(clientId, { redirect_uri: `http://${host}:${listening.port}/cb`, state: host }))
      await signIn(page)
      await page.click('button[value=allow]')
      await page.waitForURL(({ pathname }) => pathname === '/cb')
      const back = await listening.arrival
      await context.close()
      listening.close()
      assert.deepEqual([back.get('state'), back.get('iss'), back.has('code')], [host, origin, true])
    })

  it('WEB-02: Chromium follows the redirect on to another origin of the app', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(urlOf(await newClient(), { state: 'onwards' }))
    await signIn(page)
    await page.click('button[value=allow]')
    await page.waitForURL(new URL('/home', localhost(redirectUri)).href)
    await context.close()
  })

  for (const before of [false, true])
    it(`WEB-02: Chromium follows the redirect on to the app's own scheme${before ? ', from the sign-in' : ''}`, async () => {
      const context = await browser.newContext()
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      const clientId = await newClient()
      await page.goto(urlOf(clientId, { state: before ? 'first' : 'native' }))
      await signIn(page)
      await page.waitForSelector('button[value=allow]')
      await page.click('button[value=allow]', { noWaitAfter: true })
      if (before) {
        await page.waitForSelector('h1:has-text("Back in the app")')
        await context.clearCookies({ name: 'doorward-session' })
        await page.goto(urlOf(clientId, { state: 'native' }))
        await page.fill('#email', EMAIL)
        await page.fill('#password', PASSWORD)
        await page.click('button', { noWaitAfter: true })
      }
      await eventually(async () => arrived.at(-1)?.searchParams.get('state') ?? '', 'native')
      // Chromium asks for a program to open the URL, or fails to: either way it has not blocked the URL.
      await page.waitForTimeout(200)
      await context.close()
      assert.deepEqual(
        complaints.filter((text) => text.includes('form-action')),
        [],
      )
    })

  it('WEB-04: an app that opened a window for the consent page is still its opener at the end', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(localhost(redirectUri).replace('/cb', '/home'))
    const opening = context.waitForEvent('page')
    await page.evaluate(`window.opened = window.open(${JSON.stringify(urlOf(await newClient()))}); null`)
    const popup = await opening
    await popup.waitForSelector('#password')
    await eventually(() => page.evaluate('window.opened.closed'), false, 'at the sign-in')
    await signIn(popup)
    await popup.click('button[value=allow]')
    await popup.waitForSelector('h1:has-text("Back in the app")')
    await eventually(() => page.evaluate('window.opened.closed'), false, 'at the app')
    await eventually(() => popup.evaluate('window.opener !== null'), true)
    await context.close()
  })

  it('WEB-02 AUZ-19: Chromium follows the redirect after sign-in to an app that was connected before', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const clientId = await newClient()
    await page.goto(urlOf(clientId))
    await signIn(page)
    await page.click('button[value=allow]')
    await page.waitForSelector('h1:has-text("Back in the app")')
    await context.clearCookies({ name: 'doorward-session' })
    await page.goto(urlOf(clientId, { state: 'again' }))
    await signIn(page)
    await page.waitForSelector('h1:has-text("Back in the app")')
    assert.equal(arrived.at(-1)?.searchParams.get('state'), 'again')
    await context.close()
  })

  it('AUZ-15: Chromium follows the form’s redirect to the app, without a script, by keyboard', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    const clientId = await newClient()
    await page.goto(urlOf(clientId, { state: 'a state' }))
    await signIn(page)
    await page.waitForSelector('h1:has-text("Allow Parcel Desk?")')
    await page.uncheck('input[value="orders:admin"]')
    await page.focus('button[value=allow]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('h1:has-text("Back in the app")')
    const back = arrived.at(-1)?.searchParams
    assert.deepEqual([back?.get('state'), back?.get('iss')], ['a state', origin])
    const { body } = await app.call('GET', `/v1/grants?client_id=${clientId}`)
    assert.deepEqual(body.data[0].scopes, ['orders:read', 'orders:write'])
    await page.goBack()
    await page.waitForSelector('h1')
    assert.match(await page.content(), /This request is over|Allow Parcel Desk|Sign in/)
    await context.close()
  })
})

/** An app on the user's machine that waits for its code. Null if the machine has no such address. */
async function listenAt(address: string): Promise<{
  readonly port: number
  readonly arrival: Promise<URLSearchParams>
  close(): void
} | null> {
  const server = createServer()
  const arrival = new Promise<URLSearchParams>((resolve) => {
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
      if (pathname === '/cb') resolve(searchParams)
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Back</title>')
    })
  })
  const isThere = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      NO_ADDRESS.has(error.code ?? '') ? resolve(false) : reject(error),
    )
    server.listen(0, address, () => resolve(true))
  })
  if (!isThere) return null
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { port: (server.address() as AddressInfo).port, arrival, close }
}

/** The same server by another name, which browsers count as another origin. */
function localhost(url: string): string {
  return url.replace('127.0.0.1', 'localhost')
}
