import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Debian's path, or the one in `CHROMIUM_PATH`. */
const PATH = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

/** Why there can be no browser test here; false where there can. CI installs the browser. */
export const noChromium: string | false = existsSync(PATH)
  ? false
  : `no Chromium at ${PATH}; set CHROMIUM_PATH`

/** Headless, and silent towards the network. */
export async function openChromium(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']
  return await chromium.launch({
    executablePath: PATH,
    args: [...args, '--disable-component-update', '--disable-sync'],
  })
}
