import { type ChildProcess, spawn } from 'node:child_process'

interface Child {
  readonly process: ChildProcess
  readonly ended: Promise<void>
}

const END_WITH_PARENT = new URL('end-with-parent.ts', import.meta.url).href
/** Longer than the server's own limit for requests under way. */
const KILL_AFTER_MS = 12_000

/** Processes that belong together: if one ends, all end. */
export class Children {
  readonly #started: Child[] = []
  readonly #broken = Promise.withResolvers<never>()
  #stopping = false

  constructor() {
    this.#broken.promise.catch(() => {})
  }

  /** Rejects once one of them has ended by itself. */
  get broken(): Promise<never> {
    return this.#broken.promise
  }

  /**
   * Starts a process whose output goes to this process's output. It has a process group of its own, because Ctrl-C
   * reaches a whole group, and clients must stop before servers.
   */
  start(name: string, script: string, env: NodeJS.ProcessEnv, onMessage?: (message: unknown) => void): void {
    if (this.#stopping) throw new Error(`${name} is not started: the processes are stopping`)
    const child = spawn(process.execPath, ['--import', END_WITH_PARENT, script], {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: process.platform !== 'win32',
    })
    if (onMessage !== undefined) child.on('message', onMessage)
    const ended = new Promise<void>((resolve) => {
      child.once('error', (cause) => {
        this.#broken.reject(new Error(`${name} cannot be started`, { cause }))
        resolve()
      })
      child.once('exit', (code, signal) => {
        const how = signal === null ? `exit code ${code}` : signal
        this.#broken.reject(new Error(`${name} has ended (${how}). See its output above.`))
        resolve()
      })
    })
    this.#started.push({ process: child, ended })
  }

  /** Ends them gracefully, the last one first. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const { process: child, ended } of this.#started.toReversed()) {
      const impatience = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
      child.kill('SIGTERM')
      await ended
      clearTimeout(impatience)
    }
  }
}
