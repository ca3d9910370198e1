import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { Logger } from './http/log.ts'

/** Environment variable with a worker's number, from 1 on. */
export const PLACE_VARIABLE = 'WORKER_PLACE'

/** Exponential back-off before a worker that ended by itself is replaced: first and longest pause. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** A worker that ran for so long did not end for the reason of the one before it. */
const SETTLED_AFTER_MS = 60_000

export interface WorkerOptions {
  readonly workers: number
  readonly log: Logger
  /** Workers that have not ended so long after a stop are killed. */
  readonly stopWithinMs: number
}

export function isWorker(): boolean {
  return cluster.isWorker
}

/** Closes the channel to the primary, which would keep an idle worker alive. */
export function disconnectFromPrimary(): void {
  cluster.worker?.disconnect()
}

/**
 * Runs the same command in several processes that share one port. Replaces those that end by themselves, and stops all of
 * them on a signal, which ends the process. Returns once all are started.
 *
 * @throws where the first does not listen, because then no other would
 */
export async function startWorkers({ workers, log, stopWithinMs }: WorkerOptions): Promise<void> {
  let stopping = false
  cluster.setupPrimary({ args: process.argv.slice(2) })

  const fork = (place: number): Worker => {
    const worker = cluster.fork({ [PLACE_VARIABLE]: String(place) })
    log.info({ worker: place, pid: worker.process.pid }, 'a worker starts')
    return worker
  }

  const keep = (place: number, worker: Worker, pauseMs: number) => {
    const startedAtMs = performance.now()
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (stopping) return
      const nextMs = nextPauseMs(pauseMs, performance.now() - startedAtMs)
      const { pid } = worker.process
      log.error({ worker: place, pid, code, signal, again_in_ms: nextMs }, 'a worker ended by itself')
      setTimeout(() => stopping || keep(place, fork(place), nextMs), nextMs)
    })
  }

  const stop = async (signal: NodeJS.Signals) => {
    // Ctrl-C reaches the workers too, from the terminal. A second signal ends their wait for load balancers.
    if (stopping) {
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
      return
    }
    stopping = true
    log.info({ signal }, 'stopping all workers')
    const running = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    const killing = setTimeout(() => {
      for (const worker of running) worker.process.kill('SIGKILL')
    }, stopWithinMs)
    const codes = await Promise.all(running.map((worker) => end(worker, signal)))
    clearTimeout(killing)
    log.info('stopped')
    process.exit(codes.every((code) => code === 0) ? 0 : 1)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal))

  const first = fork(1)
  if (!(await listens(first))) {
    if (!stopping) throw new Error('The first worker did not come to listen; what it said is above.')
    return
  }
  keep(1, first, 0)
  for (let place = 2; place <= workers; place++) keep(place, fork(place), 0)
}

/** Exponential back-off before a worker is replaced, from the last pause and how long it ran. */
export function nextPauseMs(pauseMs: number, livedMs: number): number {
  if (pauseMs === 0 || livedMs >= SETTLED_AFTER_MS) return FIRST_PAUSE_MS
  return Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
}

async function listens(worker: Worker): Promise<boolean> {
  return await Promise.race([
    once(worker, 'listening').then(() => true),
    once(worker, 'exit').then(() => false),
  ])
}

/** Its exit code; null where a signal killed it. */
async function end(worker: Worker, signal: NodeJS.Signals): Promise<number | null> {
  const { process: child } = worker
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return child.exitCode
}
