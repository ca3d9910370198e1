import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** `CHROMIUM_PATH`, or Debian's path. */
const PATH = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

/** The reason to skip browser tests; false if there is a browser. CI installs one. */
export const noChromium: string | false = existsSync(PATH)
  ? false
  : `no Chromium at ${PATH}; set CHROMIUM_PATH`

/** Of every wait, for a machine that is busy with other tests. */
const WAIT_MS = 60_000

/** Opens a headless browser without background requests. */
export async function openChromium(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']
  const browser = await chromium.launch({
    executablePath: PATH,
    args: [...args, '--disable-component-update', '--disable-sync'],
    timeout: WAIT_MS,
  })
  const newContext = browser.newContext.bind(browser)
  browser.newContext = async (options) => {
    const context = await newContext(options)
    context.setDefaultTimeout(WAIT_MS)
    return context
  }
  return browser
}
