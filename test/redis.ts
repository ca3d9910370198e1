import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { endAtExit } from './left-behind.ts'

/** `REDIS_PATH`, or Debian's path. */
const PATH = process.env.REDIS_PATH ?? '/usr/bin/redis-server'

/** The reason to skip tests with Redis; false if there is one. CI installs it. */
export const noRedis: string | false = existsSync(PATH)
  ? false
  : `no redis-server at ${PATH}; install redis-server, or set REDIS_PATH`

/** A real Redis on a free port, which can be paused, killed, and restarted empty on the same port. */
export interface TestRedis {
  readonly url: string
  pause(): void
  resume(): void
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export async function startRedis(): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'doorward-redis-'))
  const port = await freePort()
  let running: ChildProcess | undefined
  const start = async () => {
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    running = spawn(PATH, [...settings, '--dir', directory], { stdio: 'ignore' })
    const giveUpAt = Date.now() + 60_000
    while (!(await answers(port))) {
      if (Date.now() > giveUpAt) throw new Error('Redis did not come up within 60 s')
      await sleep(20)
    }
  }
  const kill = async () => {
    const child = running
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  const forget = endAtExit(() => {
    running?.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => void running?.kill('SIGSTOP'),
    resume: () => void running?.kill('SIGCONT'),
    kill,
    start,
    stop: async () => {
      await kill()
      forget()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
