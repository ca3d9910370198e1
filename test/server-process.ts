import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import { endAtExit, exitWhenTerminated } from './left-behind.ts'

/** A real server, started as by `npm run dev`, in a process that can be killed. */
export interface ServerProcess {
  readonly url: string
  /** Its whole output, log included. */
  output(): string
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<CallAnswer>
  kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** SIGSTOP: its connections stay open, and nothing is answered. */
  pause(): void
  resume(): void
}

export interface CallAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers field by field, and fail where one is missing
  readonly body: any
}

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const READY_WITHIN_MS = 120_000

exitWhenTerminated()

/** Runs `src/main.ts` with only these variables, for a process that is expected to end by itself. */
export function spawnMain(
  args: readonly string[],
  env: Record<string, string>,
): ChildProcess & { said(): string } {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, NODE_COMPILE_CACHE, ...env } })
  child.once(
    'exit',
    endAtExit(() => child.kill('SIGKILL')),
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  return Object.assign(child, { said: () => said })
}

/** Runs a command of `src/main.ts` until it exits. */
export async function runMain(args: readonly string[], env: Record<string, string>) {
  const child = spawnMain(args, env)
  await once(child, 'close')
  return { code: child.exitCode, said: child.said() }
}

/** Starts a server and waits until it is ready. @throws with its output if it exits before */
export async function startServer(env: Record<string, string>, adminKey: string): Promise<ServerProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawnMain([], {
    DOORWARD_ADMIN_KEY: adminKey,
    DOORWARD_LOG_LEVEL: 'warn',
    ...env,
    PORT: String(port),
  })
  const giveUpAt = Date.now() + READY_WITHIN_MS
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${child.said()}`)
    if (Date.now() > giveUpAt) throw new Error(`the server is not ready:\n${child.said()}`)
    await sleep(30)
  }
  return {
    url,
    output: child.said,
    call: async (method, path, body, headers = {}) => {
      const answer = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${adminKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
    },
    kill: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.kill(signal)
        await exited
      }
      return { code: child.exitCode, signal: child.signalCode }
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
