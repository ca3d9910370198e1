import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/**
 * `measured`: the process under test, with the database where a line says so. `others`: everything else, load
 * generators first.
 */
export type Core = 'measured' | 'others'

/** Read once: a process that is bound to one core sees only that. */
const CORES = availableParallelism()
/** Without `taskset`, or with one core, the scheduler of the system decides, and the figures vary more. */
const CAN_PIN = CORES > 1 && spawnSync('taskset', ['--version']).status === 0

/** Runs a function that starts processes; they and their children stay on one core. */
export async function onCore<Started>(core: Core, start: () => Started | Promise<Started>): Promise<Started> {
  bind(core === 'measured' ? '0' : '1')
  try {
    return await start()
  } finally {
    bind(`0-${CORES - 1}`)
  }
}

/** Children inherit the CPU affinity of this process when they are started. */
function bind(cores: string): void {
  if (CAN_PIN) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(process.pid)])
}
