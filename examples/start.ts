import { fileURLToPath } from 'node:url'
import { isBrand, mintCredential, Secret } from '@doorward/sdk/kernel'
import { Children } from './children.ts'
import { prepare } from './prepare.ts'
import { checkIsFree, untilAnswers } from './reach.ts'
import { readServiceKey } from './service-file.ts'
import { appEnv, loginEnv, ordersEnv, readSettings, serverEnv } from './settings.ts'
import { brokenOff, firstStart, laterStart, needsAdminKey } from './words.ts'

// `npm start`: the server, an API that it protects, and a third party's app that users can connect; as three processes,
// with everything to try them.

const PARENT_EVERY_MS = 300

const { env } = process
const startedAt = performance.now()
const children = new Children()
const told = new Promise<void>((resolve) => {
  // Ctrl-C may arrive twice, from the terminal and from npm: the second has no effect.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  // Where npm is killed, there is no other signal.
  const parent = process.ppid
  if (env.npm_lifecycle_event !== undefined)
    setInterval(() => process.ppid !== parent && resolve(), PARENT_EVERY_MS).unref()
})
/** Shown if the start fails: the admin key that it created, until it is shown. */
let unsaid = ''

try {
  await Promise.race([start(), children.broken, told])
  await Promise.race([children.broken, told])
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? wordsOf(error) : error}\n`)
  process.exitCode = 1
}
say(unsaid)
await children.stop()
process.exit()

async function start(): Promise<void> {
  const settings = readSettings(env, process.argv.slice(2))
  await checkIsFree('PORT', settings.port, settings.host)
  await checkIsFree('ORDERS_PORT', settings.ordersPort, settings.host)
  await checkIsFree('ORDERS_APP_PORT', settings.appPort, settings.host)
  if (settings.loginUrl !== null) await checkIsFree('OWN_LOGIN_PORT', settings.loginPort, settings.host)
  const kept = readServiceKey(settings.serviceFile)
  const given = env.DOORWARD_ADMIN_KEY ? new Secret(env.DOORWARD_ADMIN_KEY) : null
  const minted = given === null && kept === null ? mint() : null

  await buildDashboard()
  say(
    `\n  Opening the database${kept === null && settings.isEmbedded ? ' (the first time, some seconds)' : ''} …\n`,
  )
  let firstLink: string | null = null
  children.start('The server', pathOf('../src/main.ts'), serverEnv(env, settings, minted), (message) => {
    if (typeof message === 'object' && message !== null && 'firstLink' in message)
      firstLink = String(message.firstLink)
  })
  await untilAnswers(`${settings.serverUrl}/readyz`)
  if (minted !== null) unsaid = brokenOff(settings, minted)

  const prepared = await prepare(settings, kept, given ?? minted)
  if (prepared === null) {
    unsaid = ''
    throw new Error(needsAdminKey(settings))
  }
  if (prepared.isNew) say(`  The orders API has a key of its own now, in ${settings.serviceFile}\n`)
  say('  Starting the orders API …\n')
  children.start(
    'The orders API',
    pathOf('orders-api/main.ts'),
    ordersEnv(env, settings, prepared.serviceKey),
  )
  await untilAnswers(`${settings.ordersUrl}/livez`)
  if (settings.loginUrl !== null && prepared.loginKey !== null) {
    children.start('The own login', pathOf('own-login/main.ts'), loginEnv(env, settings, prepared.loginKey))
    await untilAnswers(`${settings.loginUrl}/livez`)
  }
  if (prepared.app !== null) {
    children.start('The orders app', pathOf('orders-app/main.ts'), appEnv(env, settings, prepared.app))
    await untilAnswers(`${settings.appUrl}/livez`)
  }

  const shown = { ...prepared, firstLink }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  say(
    prepared.keys.length > 0
      ? firstStart(settings, minted, shown, seconds)
      : laterStart(settings, shown, seconds),
  )
  unsaid = ''
}

/** The first time, and after its sources have changed. Without it the server works and says what is missing. */
async function buildDashboard(): Promise<void> {
  try {
    const { buildIfChanged } = await import('../web/build.ts')
    if (await buildIfChanged()) say('\n  The dashboard is built.\n')
  } catch (error) {
    say(`\n  The dashboard could not be built: ${error instanceof Error ? wordsOf(error) : error}\n`)
  }
}

/** With the server's brand. */
function mint(): Secret {
  const brand = env.DOORWARD_BRAND ?? ''
  return mintCredential('admin_key', { brand: isBrand(brand) ? brand : null })
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

function say(text: string): void {
  process.stdout.write(text)
}

/** Joins the message with those of its causes. */
function wordsOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}\n  because: ${wordsOf(error.cause)}` : error.message
}
