import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTestApp } from './app.ts'
import { noChromium, openChromium } from './chromium.ts'
import { eventually } from './eventually.ts'

/** Colours do not depend on the width. */
const WINDOWS = [
  { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const

describe('the pages of the API document', { skip: noChromium }, () => {
  it('WEB-01: open in a browser, wide and narrow, light and dark, without a fault or a foreign request', async () => {
    const app = await openTestApp()
    const origin = await app.app.listen({ port: 0, host: '127.0.0.1' })
    const browser = await openChromium()
    try {
      const page = await browser.newPage()
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
      page.on('request', (request) => {
        if (!/^(data:|blob:)/.test(request.url()) && new URL(request.url()).origin !== origin)
          faults.push(request.url())
      })
      await page.goto(`${origin}/docs`, { waitUntil: 'networkidle' })
      await page.waitForSelector('.title:has-text("Doorward management API")')
      const document = await (await fetch(`${origin}/openapi.json`)).json()
      const paths = Object.values((document as { paths: Record<string, object> }).paths)
      const operations = paths.flatMap((path) => Object.values(path) as { tags: string[] }[])
      const groups = new Set(operations.flatMap(({ tags }) => tags))
      await eventually(() => page.locator('h3.opblock-tag').count(), groups.size)
      await page.click('.opblock-tag:has-text("Keys")')
      await page.click('text=Create a key; its secret')
      await page.waitForSelector('text=Idempotency-Key', { state: 'attached' })
      for (const { viewport, colorScheme } of WINDOWS) {
        await page.setViewportSize(viewport)
        await page.emulateMedia({ colorScheme })
        const tooWide = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')
        assert.equal(tooWide, false, `at ${viewport.width} px the page scrolls sideways`)
        assert.deepEqual(faults, [])
      }
    } finally {
      await browser.close()
      await app.close()
    }
  })
})
