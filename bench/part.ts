import type { Bench, Part } from './bench.ts'
import { cold } from './cold.ts'
import { flood } from './flood.ts'
import { guard } from './guard.ts'
import { jobs } from './jobs.ts'
import { lists } from './lists.ts'
import { peers } from './peers.ts'
import { policies } from './policies.ts'
import { revocation } from './revocation.ts'
import { tenMillion } from './ten-million.ts'
import { verifyEndpoint } from './verify-endpoint.ts'
import { warmVerification } from './warm-verification.ts'

/**
 * Runs one part of the benchmark in a process of its own, so that no part shares the heap or compiled code of another.
 */
export interface PartMessage {
  readonly letter: string
  readonly postgresUrl: string
  readonly quick: boolean
}

const PARTS = new Map<string, Part>([
  ['a', warmVerification],
  ['b', guard],
  ['c', verifyEndpoint],
  ['d', peers],
  ['e', cold],
  ['f', flood],
  ['g', revocation],
  ['h', tenMillion],
  ['i', lists],
  ['j', policies],
  ['k', jobs],
])

process.on('message', async ({ letter, postgresUrl, quick }: PartMessage) => {
  try {
    const bench: Bench = { postgresUrl, quick, say: (text) => process.stderr.write(`  ${text}\n`) }
    process.send?.(await PARTS.get(letter)?.(bench))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    process.exit(1)
  }
})

// The parent has ended: end the children too.
process.once('disconnect', () => process.exit(1))
