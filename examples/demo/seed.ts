import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, styleText } from 'node:util'
import { makeLoginKey, makeServiceKey } from '../seed.ts'
import { makeAppClient } from '../seed-app.ts'
import { writeAppClient, writeServiceKey } from '../service-file.ts'
import { callerOf } from './caller.ts'
import { openDemoDatabase, readDemoConfig, wordsOfFailure } from './clocked-server.ts'
import { DEMO_DAYS, fill } from './fill.ts'
import { DAY_MS } from './key-plan.ts'
import { filledWords, HELP, plannedWords, whyNotFill } from './words.ts'

// `npm run demo:seed`: fills a database with a made-up company, through the server's own API and with its clock turned.

const SIZE = 500
/** The last share of the work that was shown, in percent. */
let shown = -1

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`\n${wordsOfFailure(error)}\n`)
  process.exitCode = 1
}
process.exit()

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      yes: { type: 'boolean', default: false },
      add: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return say(HELP)
  const config = readDemoConfig(process.env)
  const where = 'dataDir' in config.place ? config.place.dataDir : withoutPassword(config.place.databaseUrl)
  if (!values.yes) return say(plannedWords(where))

  const startedAt = performance.now()
  const database = await openDemoDatabase(config)
  try {
    const fault = whyNotFill(where, database.owners, values.add)
    if (fault !== null) return fail(fault)
    const end = new Date()
    const server = await database.serve(new Date(end.getTime() - DEMO_DAYS * DAY_MS))
    const adminKey = await server.createAdminKey()
    const filled = await fill(server, adminKey, { size: SIZE, end, onProgress: showProgress })
    if ('dataDir' in config.place) await keepServices(config.place.dataDir)
    await server.close()
    return say(filledWords({ where, adminKey, ...filled, seconds: (performance.now() - startedAt) / 1000 }))

    /** Writes the files that `npm start` writes on an empty database, so that it finds them. */
    async function keepServices(dataDir: string): Promise<void> {
      const file = join(dataDir, 'orders-api.json')
      if (existsSync(file)) return
      const ask = callerOf(server, adminKey, '127.0.0.1')
      writeServiceKey(file, await makeServiceKey(ask))
      writeServiceKey(join(dataDir, 'own-login.json'), await makeLoginKey(ask))
      writeAppClient(join(dataDir, 'orders-app.json'), await makeAppClient(ask))
    }
  } finally {
    await database.close()
  }
}

function showProgress(share: number): void {
  const percent = Math.floor(share * 100)
  if (percent === shown || !process.stderr.isTTY) return
  shown = percent
  process.stderr.write(`\r  ${styleText('dim', `${percent} %`)} ${percent === 100 ? '\n' : ''}`)
}

function withoutPassword(databaseUrl: string): string {
  const url = URL.parse(databaseUrl)
  return url === null ? 'Postgres' : `Postgres, ${url.host}${url.pathname}`
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

function fail(text: string): number {
  process.stderr.write(`${text}\n`)
  return 1
}
