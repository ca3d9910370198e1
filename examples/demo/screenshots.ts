import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { BrowserContext, Page } from 'playwright-core'
import { openChromium } from '../../test/chromium.ts'
import { buildIfChanged } from '../../web/build.ts'
import { paths } from '../../web/src/paths.ts'
import { appWords } from '../../web/src/words/app.ts'
import type { Ask } from '../management.ts'
import { callerOf } from './caller.ts'
import { openDemoDatabase, readDemoConfig } from './clocked-server.ts'
import { DEMO_DAYS, fill } from './fill.ts'
import { DAY_MS } from './key-plan.ts'
import { withPalette } from './palette-png.ts'
import type { DemoStaff } from './staff.ts'

// `npm run screenshots`: pictures of every page of the dashboard with the demo's data, into `docs/screenshots`. All clocks
// stand still at one moment, so that pictures of what has not changed stay alike.
//   -- --data DIR       keep the database there, and use it again: it takes a while to fill
//   -- --only key,owner only these pages

/** A Wednesday, while offices work. */
const MOMENT = new Date('2030-03-13T11:20:00.000Z')
const INTO = fileURLToPath(new URL('../../docs/screenshots', import.meta.url))
const SIZES = [
  { width: 1280, height: 860 },
  { width: 390, height: 844 },
] as const
const SIGN_IN = '/staff/sign-in'
const SCHEMES = ['light', 'dark'] as const
/** Longer pages are cut off. */
const MOST_HEIGHT = 1600
/** Beside a database that is kept. */
const KEPT = 'demo-administrator.json'
const SETTLED_MS = 8_000
/** For what is drawn once its data is there. */
const AFTERWARDS_MS = 700

/** The object that a page with an id shows, if it is not the first of its list. */
const CHOSEN: Readonly<Record<string, (object: Listed) => boolean>> = {
  key: ({ state, name, last_used_at: at }) => state === 'active' && at !== null && /eu-west/.test(`${name}`),
  rotateKey: ({ rotation }) => rotation != null,
  owner: ({ id }) => id === 'org_larkfield',
  client: ({ name }) => name === 'ParcelHive Desk',
  editClient: ({ name }) => name === 'ParcelHive Desk',
  grant: ({ state }) => state === 'active',
  finding: ({ kind, holder }) => kind === 'over_scoped' && holder?.kind === 'key',
  scope: ({ name }) => name === 'orders:write',
}

/** Parameters of pages that are empty without. */
const SEARCH: Readonly<Record<string, string>> = {
  evidence: '?from=2029-12-01T00:00:00.000Z&to=2030-03-01T00:00:00.000Z',
}

interface Listed {
  readonly id?: string
  readonly client_id?: string
  readonly name?: string
  readonly environment?: string
  readonly state?: string
  readonly subject?: string
  readonly last_used_at?: string | null
  readonly rotation?: object | null
  readonly kind?: string
  readonly holder?: { readonly kind: string }
}

interface ListPage {
  readonly data: readonly Listed[]
  readonly next_cursor?: string | null
}

interface Shown {
  readonly name: string
  readonly path: string
}

const { values } = parseArgs({
  options: { data: { type: 'string' }, only: { type: 'string' }, port: { type: 'string', default: '4090' } },
})
const publicUrl = `http://127.0.0.1:${values.port}`
const dataDir = values.data ?? mkdtempSync(join(tmpdir(), 'doorward-screenshots-'))
try {
  await buildIfChanged()
  await main()
} finally {
  if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true })
}
process.exit()

async function main(): Promise<void> {
  const config = readDemoConfig({ DATA_DIR: dataDir, PUBLIC_URL: publicUrl })
  const database = await openDemoDatabase(config)
  const isFilled = database.owners.length > 0
  const startAt = isFilled ? MOMENT : new Date(MOMENT.getTime() - DEMO_DAYS * DAY_MS)
  const server = await database.serve(startAt)
  const adminKey = await server.createAdminKey()
  const ask = callerOf(server, adminKey, '127.0.0.1')
  const administrator = isFilled
    ? readKept(dataDir)
    : (await fill(server, adminKey, { size: 500, end: MOMENT })).administrator
  if (administrator === null) throw new Error(`${dataDir} has staff whose passwords nobody knows.`)
  if (values.data !== undefined)
    writeFileSync(join(dataDir, KEPT), JSON.stringify(administrator), { mode: 0o600 })
  const browser = await openChromium()
  try {
    await server.listen(Number(values.port))
    const first = await browser.newContext()
    await signIn(first, administrator)
    const signedIn = await first.storageState()
    await first.close()
    const pages = await pagesToShow(ask)
    mkdirSync(INTO, { recursive: true })
    for (const viewport of SIZES)
      for (const colorScheme of SCHEMES) {
        const context = await browser.newContext({
          viewport,
          colorScheme,
          reducedMotion: 'reduce',
          timezoneId: 'UTC',
          locale: 'en-GB',
          storageState: signedIn,
        })
        for (const shown of pages)
          await take(context, shown, `${shown.name}-${viewport.width}-${colorScheme}.png`)
        if (values.only === undefined || values.only.split(',').includes('notice-mail'))
          await takeMail(context, ask, `notice-mail-${viewport.width}-${colorScheme}.png`)
        await context.close()
      }
  } finally {
    await browser.close()
    await server.close()
    await database.close()
  }
}

/** All pages of the app's own table of paths, each with an object of the demo where it shows one. */
async function pagesToShow(ask: Ask): Promise<Shown[]> {
  const shown: Shown[] = []
  for (const [name, path] of Object.entries(paths)) {
    const { pattern } = path
    if (name === 'home') continue
    const id = pattern.includes(':') ? await idOf(ask, name, pattern) : null
    const to = path.to as (id?: string) => string
    shown.push({
      name: kebab(name),
      path: `/dashboard${id === null ? pattern : to(id)}${SEARCH[name] ?? ''}`,
    })
  }
  // Last: it is taken without a session.
  shown.push({ name: 'sign-in', path: SIGN_IN })
  const only = values.only?.split(',')
  return only === undefined ? shown : shown.filter(({ name }) => only.includes(name))
}

async function idOf(ask: Ask, name: string, pattern: string): Promise<string> {
  // `/settings/staff/:id` shows one of `/v1/staff`.
  const [list = ''] = /\/[^/]+(?=\/:)/.exec(pattern) ?? []
  const choose = CHOSEN[name] ?? (() => true)
  let found: Listed | undefined
  for (let cursor: string | null = ''; cursor !== null; ) {
    // Policies are a short list without pages.
    const asked = name === 'editPolicy' ? '' : `?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`
    const page: ListPage = await ask('GET', `/v1${list}${asked}`)
    const chosen = page.data.find(choose)
    found = chosen ?? found ?? page.data[0]
    cursor = chosen === undefined ? (page.next_cursor ?? null) : null
  }
  const id = found?.id ?? found?.client_id ?? found?.name ?? found?.environment
  if (id === undefined) throw new Error(`There is nothing in /v1${list} for the page ${name}.`)
  return id
}

async function take(context: BrowserContext, { path }: Shown, file: string): Promise<void> {
  const page = await context.newPage()
  // The sign-in page redirects a browser that is signed in.
  if (path === SIGN_IN) await context.clearCookies()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  await page.clock.setFixedTime(MOMENT)
  await page.goto(publicUrl + path)
  await settled(page)
  if ((await page.getByRole('heading', { name: appWords.notHere.title }).count()) > 0) {
    process.stdout.write(`${file}  left out: there is no page at ${path}\n`)
    return await page.close()
  }
  const [wide, high] = await page.evaluate(() => [
    document.documentElement.scrollWidth - innerWidth,
    document.documentElement.scrollHeight,
  ])
  if (wide !== undefined && wide > 0) faults.push(`wider than the window by ${wide} px`)
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 }
  const clip = { x: 0, y: 0, width, height: Math.min(Math.max(high ?? 0, height), MOST_HEIGHT) }
  const png = withPalette(await page.screenshot({ fullPage: true, clip, animations: 'disabled' }))
  writeFileSync(join(INTO, file), png)
  process.stdout.write(
    `${file}  ${(png.length / 1000).toFixed(0)} kB${faults.map((fault) => `\n    ${fault}`).join('')}\n`,
  )
  await page.close()
}

/** A mail about several notices, as a mail program shows it. */
async function takeMail(context: BrowserContext, ask: Ask, file: string): Promise<void> {
  const { data }: ListPage = await ask('GET', '/v1/mails?limit=100')
  const mail = data.find(({ subject }) => /^\d+ credentials/.test(subject ?? '')) ?? data[0]
  if (mail === undefined) throw new Error('There is no mail.')
  const { html }: { html: string } = await ask('GET', `/v1/mails/${mail.id}`)
  const { logo }: { logo: { url: string } | null } = await ask('GET', '/v1/branding')
  const page = await context.newPage()
  await page.setContent(logo === null ? html : html.replace('cid:logo@doorward', await inlined(logo.url)))
  await page.waitForLoadState('networkidle')
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 }
  const png = withPalette(await page.screenshot({ clip: { x: 0, y: 0, width, height } }))
  writeFileSync(join(INTO, file), png)
  process.stdout.write(`${file}  ${(png.length / 1000).toFixed(0)} kB\n`)
  await page.close()
}

/** An image of the server within a page that is not of the server. */
async function inlined(url: string): Promise<string> {
  const answer = await fetch(new URL(url, publicUrl))
  const content = Buffer.from(await answer.arrayBuffer()).toString('base64')
  return `data:${answer.headers.get('content-type')};base64,${content}`
}

/** Waits for the page's own heading, and then until nothing is requested any more; some pages go on asking. */
async function settled(page: Page): Promise<void> {
  await page
    .locator('h1')
    .first()
    .waitFor({ timeout: SETTLED_MS })
    .catch(() => {})
  await page.waitForLoadState('networkidle', { timeout: SETTLED_MS }).catch(() => {})
  await page.waitForTimeout(AFTERWARDS_MS)
  await page.waitForLoadState('networkidle', { timeout: SETTLED_MS }).catch(() => {})
}

async function signIn(context: BrowserContext, { email, password }: DemoStaff): Promise<void> {
  const page = await context.newPage()
  await page.goto(publicUrl + SIGN_IN)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(`${publicUrl}/dashboard**`)
}

/** The administrator of a database that an earlier run filled. */
function readKept(directory: string): DemoStaff {
  return JSON.parse(readFileSync(join(directory, KEPT), 'utf8'))
}

/** `rotateKey` as `rotate-key`. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
