import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../test/free-port.ts'
import { quickTmpdir } from '../test/quick-tmpdir.ts'

const START = fileURLToPath(new URL('start.ts', import.meta.url))
const READY = 'Ctrl-C stops everything.'
const WITHIN_MS = 180_000

/** The place of an example: free ports and a directory of its own, which later starts use again. */
export interface Place {
  readonly dataDir: string
  readonly serverUrl: string
  readonly ordersUrl: string
  readonly appUrl: string
  readonly loginUrl: string
  readonly env: Readonly<Record<string, string>>
  release(): void
}

export interface Running {
  /** The exit code; null while it runs. */
  readonly exitCode: number | null
  /** The output so far, of the start and its children. */
  output(): string
  end(...signals: NodeJS.Signals[]): Promise<{ readonly exitCode: number | null }>
}

/** @param empty whether the first start makes the database; else it finds one without rows, which is quicker */
export async function place({ empty = false }: { empty?: boolean } = {}): Promise<Place> {
  const root = mkdtempSync(join(quickTmpdir(), 'doorward-example-'))
  const [port, ordersPort, appPort, loginPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const dataDir = join(root, 'data')
  const template = process.env.TEST_PGLITE_TEMPLATE
  if (!empty && template !== undefined) cpSync(template, dataDir, { recursive: true })
  return {
    dataDir,
    serverUrl: `http://127.0.0.1:${port}`,
    ordersUrl: `http://127.0.0.1:${ordersPort}`,
    appUrl: `http://127.0.0.1:${appPort}`,
    loginUrl: `http://127.0.0.1:${loginPort}`,
    env: {
      PORT: String(port),
      ORDERS_PORT: String(ordersPort),
      ORDERS_APP_PORT: String(appPort),
      OWN_LOGIN_PORT: String(loginPort),
      DATA_DIR: dataDir,
    },
    release: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** Runs `npm start` until it is ready or has ended by itself. */
export async function start({ env }: Pick<Place, 'env'>, ...args: string[]): Promise<Running> {
  const own =
    /^(DOORWARD_.*|DATABASE_URL|DATA_DIR|PORT|HOST|PUBLIC_URL|LOGIN_URL|ORDERS_(APP_)?PORT|OWN_LOGIN_PORT)$/
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)))
  const child = spawn(process.execPath, [START, ...args], {
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text
    })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const giveUpAt = performance.now() + WITHIN_MS
  while (!written.includes(READY) && child.exitCode === null && child.signalCode === null) {
    assert.ok(performance.now() < giveUpAt, `not ready in time:\n${written}`)
    await sleep(50)
  }
  const end = async (...signals: NodeJS.Signals[]) => {
    for (const signal of signals) child.kill(signal)
    return { exitCode: await closed }
  }
  if (!written.includes(READY)) await closed
  return { exitCode: child.exitCode, output: () => written, end }
}

/** Reads the printed commands, by the comment above each. */
export function commandsIn(output: string): (about: string) => string {
  const found = [...output.matchAll(/^ {2}# (.+)\n {2}(curl .+)$/gm)]
  return (about) => {
    const command = found.find(([, why = '']) => why.startsWith(about))?.[2]
    assert.ok(command !== undefined, `no command about ${about} in:\n${output}`)
    return command
  }
}

/** Runs a printed line; curl with `-i` gives status, headers and body. */
export async function paste(line: string) {
  const { stdout } = await promisify(execFile)('sh', ['-c', line])
  const [head = '', body = ''] = stdout.startsWith('HTTP/') ? stdout.split(/\r\n\r\n(.*)/s) : ['', stdout]
  const challenge = /^www-authenticate: (.*)\r?$/im.exec(head)?.[1]
  return { status: Number(head.split(' ')[1]), challenge, body: JSON.parse(body) }
}

/** Finds secrets of any kind in a text. */
export function secretsIn(text: string): string[] {
  return text.match(/[a-z][a-z0-9_]*_[0-9A-Za-z]{49}(?![0-9A-Za-z])/g) ?? []
}
