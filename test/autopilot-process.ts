import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endAtExit, exitWhenTerminated } from './left-behind.ts'

const PROGRAM = fileURLToPath(new URL('./autopilot.program.ts', import.meta.url))

exitWhenTerminated()

export interface AutopilotSettings {
  readonly url: string
  readonly file: string
  /** The file is one of environment variables. */
  readonly variable?: string
  /** The API that it calls all the time. */
  readonly api?: string
  /** The step at which it dies. */
  readonly killAt?: string
}

/** A program with the SDK's autopilot, in a process of its own. */
export interface AutopilotProcess {
  /** Has it check. @returns false if it has died instead */
  check(): Promise<boolean>
  readonly errors: readonly string[]
  /** Answers of the API, in order, each with the hash of the secret that was sent. */
  readonly calls: readonly { readonly status: number; readonly used: string }[]
  stop(): Promise<void>
}

export async function startProgram(settings: AutopilotSettings): Promise<AutopilotProcess> {
  const { url, file, variable, api, killAt } = settings
  const named = Object.entries({ URL: url, FILE: file, VARIABLE: variable, API: api, KILL_AT: killAt })
  const given = Object.fromEntries(named.filter(([, value]) => value !== undefined))
  const child = fork(PROGRAM, { env: { PATH: process.env.PATH, ...given } })
  const forget = endAtExit(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(forget)
  const errors: string[] = []
  const calls: { status: number; used: string }[] = []
  const started = Promise.withResolvers<boolean>()
  let checked = Promise.withResolvers<boolean>()
  void ended.then(() => {
    started.resolve(false)
    checked.resolve(false)
  })
  child.on('message', (said: Record<string, unknown>) => {
    if (said.started) started.resolve(true)
    if (said.checked) checked.resolve(true)
    if (said.error !== undefined) errors.push(String(said.error))
    if (said.status !== undefined) calls.push({ status: Number(said.status), used: String(said.used) })
  })
  assert.ok((await started.promise) || killAt !== undefined, 'the program did not start')
  return {
    check: async () => {
      checked = Promise.withResolvers<boolean>()
      if (child.exitCode !== null || child.signalCode !== null) return false
      child.send('check', () => {})
      return await checked.promise
    },
    errors,
    calls,
    stop: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
