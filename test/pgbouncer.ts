import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { endAtExit } from './left-behind.ts'

/** `PGBOUNCER_PATH`, or Debian's path. */
const PATH = process.env.PGBOUNCER_PATH ?? '/usr/sbin/pgbouncer'

/** The reason to skip tests with PgBouncer; false if there is one. CI installs it. */
export const noPgbouncer: string | false = existsSync(PATH)
  ? false
  : `no pgbouncer at ${PATH}; install pgbouncer, or set PGBOUNCER_PATH`

/** A real PgBouncer in front of a Postgres. */
export interface TestPgbouncer {
  /** The URL of the same database, through the pooler. */
  through(databaseUrl: string): string
  stop(): Promise<void>
}

/** PgBouncer refuses root, as Postgres does. */
const NOBODY = 65_534
const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/**
 * Starts PgBouncer in transaction mode with otherwise default settings, and few backends, so that clients share them.
 */
export async function startPgbouncer(postgresUrl: string, backends = 4): Promise<TestPgbouncer> {
  const directory = mkdtempSync(join(tmpdir(), 'doorward-pgbouncer-'))
  const port = await freePort()
  const { hostname, port: postgresPort, username } = new URL(postgresUrl)
  const users = join(directory, 'users.txt')
  const ini = join(directory, 'pgbouncer.ini')
  writeFileSync(users, `"${username}" ""\n`)
  writeFileSync(
    ini,
    `[databases]
* = host=${hostname} port=${postgresPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${backends}
`,
  )
  if ('uid' in asNobody) for (const path of [directory, users, ini]) chownSync(path, NOBODY, NOBODY)
  const child: ChildProcess = spawn(PATH, ['--quiet', ini], { ...asNobody, stdio: 'ignore' })
  const forget = endAtExit(() => child.kill('SIGKILL'))
  const giveUpAt = Date.now() + 60_000
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}`)
    if (Date.now() > giveUpAt) throw new Error('PgBouncer did not come up within 60 s')
    await sleep(30)
  }
  return {
    through: (databaseUrl) => {
      const url = new URL(databaseUrl)
      url.port = String(port)
      return url.href
    },
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
      forget()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
