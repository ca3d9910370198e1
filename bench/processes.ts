import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../test/free-port.ts'
import type { Load, LoadAnswer } from './load.ts'

/** Ends the processes of a part with it. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a script of `bench/` in a process of its own that answers messages. */
export interface Fork {
  /** Asks one at a time. Rejects where the process ends instead. */
  ask<Answer>(message: unknown): Promise<Answer>
  stop(): Promise<void>
}

export function forkScript(script: string, nodeOptions: readonly string[] = []): Fork {
  const child = fork(pathOf(script), { execArgv: [...nodeOptions], serialization: 'advanced' })
  watch(child)
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        const onExit = (code: number | null) => reject(new Error(`${script} ended with ${code}`))
        child.once('exit', onExit)
        child.once('message', (answer) => {
          child.off('exit', onExit)
          resolve(answer as never)
        })
        child.send(message as object)
      }),
    stop: () => stop(child),
  }
}

/** Starts a load generator; see `load.ts`. A status other than 200 fails the benchmark, unless it is expected. */
export function loadGenerator() {
  const generator = forkScript('load.ts')
  const run = async (load: Load): Promise<LoadAnswer> => {
    const answer = await generator.ask<LoadAnswer>(load)
    const wrong = Object.keys(answer.statuses).filter((status) => status !== '200')
    if (wrong.length > 0 || answer.count === 0)
      throw new Error(`not all answers were 200: ${JSON.stringify(answer.statuses)}\n${answer.last}`)
    return answer
  }
  return { run, stop: generator.stop }
}

export interface Serving {
  readonly port: number
  readonly url: string
  stop(): Promise<void>
}

export interface ServingOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Modules that are loaded first. */
  readonly imports?: readonly string[]
  /** A path that answers once the server is ready. Default `/livez`. */
  readonly readyPath?: string
}

/** Starts a script that listens on `PORT`, and waits until it answers. */
export async function serveScript(
  script: string,
  { args = [], env = {}, imports = [], readyPath = '/livez' }: ServingOptions = {},
): Promise<Serving> {
  const port = await freePort()
  const loaded = imports.flatMap((each) => ['--import', new URL(each, import.meta.url).href])
  const child = spawn(process.execPath, [...loaded, pathOf(script), ...args], {
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...env, PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  watch(child)
  const url = `http://127.0.0.1:${port}`
  const giveUpAt = Date.now() + 30_000
  while (!(await answers(url + readyPath))) {
    if (child.exitCode !== null) throw new Error(`${script} ended with ${child.exitCode}`)
    if (Date.now() > giveUpAt) throw new Error(`${script} does not come up`)
    await sleep(20)
  }
  return { port, url, stop: () => stop(child) }
}

function watch(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url))
}
