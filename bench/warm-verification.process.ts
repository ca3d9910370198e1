import { hash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { createVerifier, isWellFormed, mintCredential, UsageCounter } from '@doorward/sdk/kernel'
import { interleaved } from './measure.ts'
import { madeUpSource } from './records.ts'

/** Measures one size of the cache, in a heap of its own (`--expose-gc`). */
export interface WarmAnswer {
  /** Nanoseconds per verification, one figure for each round. */
  readonly bareNs: readonly number[]
  readonly verifyNs: readonly number[]
  readonly bytesPerKey: number
  readonly worstStallMs: number
  /** Filling the cache in an idle process: the median time for 200 keys. */
  readonly usualGapMs: number
  readonly fullCollectionMs: number
  readonly fullCollectionBeforeMs: number
  readonly droppedCounts: number
}

export interface WarmQuestion {
  readonly keys: number
  readonly rounds: number
}

/**
 * Texts are created before each block, outside the timing: as warm in the processor's cache as a header that was just
 * read.
 */
const BLOCK = 2_000
const BLOCKS_A_ROUND = 100
const FILL_AT_ONCE = 200
const FLUSH_EVERY_MS = 2_000

process.on('message', async (question: WarmQuestion) => {
  process.send?.(await measure(question))
})

async function measure({ keys, rounds }: WarmQuestion): Promise<WarmAnswer> {
  const texts = new Texts(keys)
  const usage = new UsageCounter()
  const verifier = createVerifier({
    source: madeUpSource(),
    usage,
    // Reads the real clock, as an SDK does, and keeps every record fresh: only warm ones are measured.
    steady: () => performance.now() / 10_000,
    maxEntries: keys,
    maxBytes: 2 ** 30,
  })
  // As a guard calls it: the scopes are the guard's, the rest is new for each request.
  const scopes = ['orders:read']
  const ask = () => ({ scopes, environment: 'live', clientIp: '203.0.113.7' })
  const call = { userAgent: 'bench/1' }

  // Everything runs once before memory is measured: compiled code is not part of a key.
  for (const text of texts.block(FILL_AT_ONCE, (at) => at)) await verifier.verify(text, ask(), call)
  verifier.forgetAll()
  const fullCollectionBeforeMs = fullCollection()
  const before = weight()
  const { worstStallMs, usualGapMs } = await fill()
  const fullCollectionMs = fullCollection()
  const bytesPerKey = (weight() - before) / keys

  let flushedMs = performance.now()
  const samples = await interleaved(rounds, {
    bareNs: () =>
      timed((text) => {
        const digest = hash('sha256', text, 'latin1')
        return crc32(text) >= 0 && digest.length === 32
      }),
    verifyNs: () =>
      timed((text) => {
        const verdict = verifier.verify(text, ask(), call)
        return 'valid' in verdict && verdict.valid
      }, flush),
  })
  return {
    ...samples,
    bytesPerKey,
    worstStallMs,
    usualGapMs,
    fullCollectionMs,
    fullCollectionBeforeMs,
    droppedCounts: usage.dropped,
  }

  async function fill() {
    const gaps: number[] = []
    for (let from = 0; from < keys; from += FILL_AT_ONCE) {
      const block = texts.block(Math.min(FILL_AT_ONCE, keys - from), (at) => from + at)
      const startedMs = performance.now()
      const dryRun = { dryRun: true }
      const verdicts = await Promise.all(block.map((text) => verifier.verify(text, ask(), dryRun)))
      await nextTurn()
      gaps.push(performance.now() - startedMs)
      if (!verdicts.every((verdict) => verdict.valid)) throw new Error('a key that exists was refused')
    }
    gaps.sort((a, b) => a - b)
    return { worstStallMs: gaps.at(-1) ?? 0, usualGapMs: gaps[gaps.length >> 1] ?? 0 }
  }

  /** Delivery every two seconds belongs to the cost of a verification; only the sending is left out. */
  function flush(): void {
    if (performance.now() - flushedMs < FLUSH_EVERY_MS) return
    flushedMs = performance.now()
    for (let batch = usage.take(); batch !== null; batch = usage.take()) usage.delivered(batch)
  }

  function timed(work: (text: string) => boolean, afterBlock = () => {}): number {
    let spentMs = 0
    for (let block = 0; block < BLOCKS_A_ROUND; block++) {
      const strings = texts.block(BLOCK, () => Math.floor(Math.random() * keys))
      let fine = 0
      const startedMs = performance.now()
      for (const text of strings) if (work(text)) fine += 1
      afterBlock()
      spentMs += performance.now() - startedMs
      if (fine !== BLOCK) throw new Error(`${BLOCK - fine} of ${BLOCK} keys were refused`)
    }
    return (spentMs * 1e6) / (BLOCKS_A_ROUND * BLOCK)
  }
}

/** Credentials as bytes outside the heap, so that they do not slow garbage collection. */
class Texts {
  readonly #length = mintCredential('api_key', { environment: 'live' }).reveal().length
  readonly #bytes: Buffer

  constructor(count: number) {
    this.#bytes = Buffer.alloc(count * this.#length)
    for (let at = 0; at < count; at++)
      this.#bytes.write(
        mintCredential('api_key', { environment: 'live' }).reveal(),
        at * this.#length,
        'latin1',
      )
    if (!isWellFormed(this.block(1, () => count - 1)[0] ?? '')) throw new Error('the texts are broken')
  }

  block(count: number, which: (at: number) => number): string[] {
    return Array.from({ length: count }, (_, at) => {
      const start = which(at) * this.#length
      return this.#bytes.toString('latin1', start, start + this.#length)
    })
  }
}

function fullCollection(): number {
  if (globalThis.gc === undefined) throw new Error('needs --expose-gc')
  globalThis.gc()
  const startedMs = performance.now()
  globalThis.gc()
  return performance.now() - startedMs
}

/** Bytes on the heap and in typed arrays. */
function weight(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
