import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { GuardHealth } from '@doorward/sdk'
import { endAtExit, exitWhenTerminated } from '../left-behind.ts'

const PROGRAM = fileURLToPath(new URL('./api.program.ts', import.meta.url))
const ANSWER_WITHIN_MS = 60_000

exitWhenTerminated()

/** An API with the SDK in front of it, in a process that can be paused and killed. */
export interface ApiProcess {
  /** Returns `accepted`, or the status of the refusal. Rejects if the process ends before it answers. */
  ask(credential: string): Promise<string>
  health(): Promise<GuardHealth>
  pause(): void
  resume(): void
  /** SIGTERM lets it deliver its counted usage first. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  output(): string
}

/** Starts an API that asks a Doorward server, and waits until its SDK follows the change feed. */
export async function startApi(url: string, adminKey: string): Promise<ApiProcess> {
  const child = fork(PROGRAM, {
    env: { PATH: process.env.PATH ?? '', URL: url, ADMIN_KEY: adminKey },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const forget = endAtExit(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))

  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  child.on('message', ({ id, said }: { id: number; said: unknown }) => waiting.get(id)?.resolve(said))
  child.once('exit', () => {
    forget()
    for (const each of waiting.values()) each.reject(new Error(`the API has ended:\n${output}`))
  })
  let asked = 0
  const tell = async (credential: string | null): Promise<unknown> => {
    const id = ++asked
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    const tooLong = setTimeout(() => answer.reject(new Error('the API does not answer')), ANSWER_WITHIN_MS)
    try {
      child.send({ id, credential }, (error) => error && answer.reject(error))
      return await answer.promise
    } finally {
      clearTimeout(tooLong)
      waiting.delete(id)
    }
  }
  const api: ApiProcess = {
    ask: async (credential) => (await tell(credential)) as string,
    health: async () => (await tell(null)) as GuardHealth,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill(signal)
      await gone
    },
    output: () => output,
  }
  while ((await api.health()).confirmedAgoMs === null) await new Promise((done) => setTimeout(done, 20))
  return api
}
