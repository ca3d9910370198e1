import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endAtExit, exitWhenTerminated } from '../left-behind.ts'

/** A real proxy, installed on this machine. */
export interface ProxyProgram {
  /** For tests' titles and failures. */
  readonly name: string
  readonly binary: string
  /** The file that `argumentsIn` names. */
  readonly file: string
  argumentsIn(directory: string): readonly string[]
  environmentIn(directory: string): Readonly<Record<string, string>>
  /** The whole configuration, around the guide's part. */
  configure(fromGuide: string): string
}

export interface ProxyProcess {
  stop(): Promise<void>
}

exitWhenTerminated()

/**
 * Runs until it is stopped, in its own directory, which is deleted then.
 *
 * @param port on which it listens by `fromGuide`
 * @param environment what `fromGuide` reads from there
 */
export async function startProxy(
  program: ProxyProgram,
  port: number,
  fromGuide: string,
  environment: Readonly<Record<string, string>>,
): Promise<ProxyProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'doorward-proxy-'))
  writeFileSync(join(directory, program.file), program.configure(fromGuide))
  const child = spawn(program.binary, program.argumentsIn(directory), {
    env: { ...process.env, ...program.environmentIn(directory), ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.once(
    'exit',
    endAtExit(() => child.kill('SIGKILL')),
  )
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    rmSync(directory, { recursive: true, force: true })
  }
  const giveUpAt = Date.now() + 60_000
  while (!(await isOpen(port))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) {
      await stop()
      throw new Error(`${program.name} does not listen:\n${said}`)
    }
    await sleep(20)
  }
  return { stop }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
