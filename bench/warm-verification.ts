import type { Part } from './bench.ts'
import { compare, type Finding, figure, median, rounded } from './measure.ts'
import { forkScript } from './processes.ts'
import type { WarmAnswer, WarmQuestion } from './warm-verification.process.ts'

/** (a) Hash and checksum alone, against a whole warm verification, at two sizes of the cache. */
export const warmVerification: Part = async ({ quick, say }) => {
  const small = await measure({ keys: 10_000, rounds: quick ? 1 : 9 })
  say('a: 10 thousand keys are done; filling one with 1 million')
  const large = await measure({ keys: quick ? 20_000 : 1_000_000, rounds: quick ? 1 : 9 })
  const { bytesPerKey, worstStallMs, usualGapMs, fullCollectionMs, fullCollectionBeforeMs } = large
  return [
    compared('warm verification, 10 thousand keys, against bare SHA-256 + CRC-32', small, 1.4),
    compared('the same, 1 million keys in random order', large, 2.5),
    figure('bytes a key, 1 million keys', bytesPerKey, 'bytes', 'heap and typed arrays, after collection', {
      atMost: 200,
    }),
    figure('worst stall while growing to 1 million', worstStallMs, 'ms', usual(usualGapMs), { atMost: 50 }),
    figure(
      'full collection, 1 million keys',
      fullCollectionMs,
      'ms',
      `${rounded(fullCollectionBeforeMs)} ms with none`,
    ),
  ]
}

async function measure(question: WarmQuestion): Promise<WarmAnswer> {
  const process = forkScript('warm-verification.process.ts', ['--expose-gc'])
  try {
    return await process.ask<WarmAnswer>(question)
  } finally {
    await process.stop()
  }
}

function compared(what: string, { verifyNs, bareNs, droppedCounts }: WarmAnswer, atMost: number): Finding {
  const [ours, bare] = [median(verifyNs), median(bareNs)].map((ns) => rounded(ns / 1000))
  const dropped = droppedCounts === 0 ? '' : `; ${rounded(droppedCounts)} counts were dropped`
  const figures = `${ours} µs against ${bare} µs${dropped}`
  return compare(what, { one: verifyNs, other: bareNs }, figures, { atMost })
}

function usual(gapMs: number): string {
  return `a turn of the event loop that adds 200 keys; ${rounded(gapMs)} ms at the median`
}
