import { no, type Result } from '../base/result.ts'
import { Semaphore, SemaphoreTimeoutError } from '../base/semaphore.ts'
import { type Problem, problem } from '../http/problem.ts'
import { type Caller, ownerOf } from './caller.ts'

/** Queues in front of the general connections: neither lists nor changes can take all of them. */
export interface Slots {
  /** For lists, reports and dry runs. */
  readonly readSlots: Semaphore
  /** For changes, which wait for each other's locks with a connection each. */
  readonly changeSlots: Semaphore
}

const QUEUE = { waiting: 100, waitMs: 5_000 }

/**
 * Divides the general connections: half for reads, and less than half for changes. From three connections on, at least one
 * is left for everything else: spent quotas, tokens, sign-ins, counts, and authenticating the next callers.
 */
export function slotsFor(connections: number): Slots {
  const slots = (atOnce: number) => new Semaphore({ ...QUEUE, atOnce: Math.max(1, atOnce) })
  return {
    readSlots: slots(Math.floor(connections / 2)),
    changeSlots: slots(Math.ceil(connections / 2) - 1),
  }
}

/** Runs a read in its turn. @throws SemaphoreTimeoutError */
export async function readInTurn<T>(
  { readSlots }: Slots,
  caller: Caller,
  read: () => Promise<T>,
): Promise<T> {
  return await readSlots.run(read, queueOf(caller))
}

/**
 * Runs a change's transaction in its turn. A lock is only ever held by a transaction that has its slot or needs none, so
 * a change that waits for a lock cannot hold up the one that will release it: no change begins another.
 */
export async function changeInTurn<T>(
  { changeSlots }: Slots,
  caller: Caller,
  change: () => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  try {
    return await changeSlots.run(change, queueOf(caller))
  } catch (error) {
    if (error instanceof SemaphoreTimeoutError) return no(TOO_MANY_CHANGES)
    throw error
  }
}

/** The queue that a caller waits in: callers of one owner share it, so that many credentials gain nothing. */
function queueOf({ reach, actor }: Caller): string {
  return ownerOf(reach) ?? actor.id
}

const TOO_MANY_CHANGES = problem(
  'database_timeout',
  'Too many changes run at once. Nothing was changed. Try again in a moment.',
)
