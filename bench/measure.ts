/** One line of the table: the comparison, the result and the target. */
export interface Finding {
  readonly what: string
  readonly measured: string
  /** Results of the rounds; empty where there is one figure only. */
  readonly range: string
  /** The target, such as `≤ 1.4 ×`; absent where none was promised. */
  readonly target?: string
  readonly reached?: boolean
  /** The absolute figures behind the ratio. */
  readonly figures: string
}

export interface Samples {
  readonly one: readonly number[]
  readonly other: readonly number[]
}

/** The target of a figure. */
export interface Target {
  readonly atMost?: number
  readonly atLeast?: number
}

/** Alternates rounds, A B A B …, so that other load on the machine affects both. The first pair warms up. */
export async function interleaved<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = -1; round < rounds; round++)
    for (const name of names) {
      const sample = await contenders[name]()
      if (round >= 0) samples[name].push(sample)
    }
  return samples
}

/**
 * Joins the samples of several starts: memory layout makes two starts of one server differ by some percent, for as long
 * as each runs.
 */
export async function overStarts<Name extends string>(
  starts: number,
  measured: () => Promise<Record<Name, number[]>>,
): Promise<Record<Name, number[]>> {
  const all = await measured()
  for (let start = 1; start < starts; start++) {
    const more = await measured()
    for (const name in all) all[name].push(...more[name])
  }
  return all
}

/** The ratio of the medians, and the range of the ratios of single rounds. */
function ratioOf({ one, other }: Samples): { ratio: number; least: number; most: number } {
  const each = one.map((value, at) => value / (other[at] ?? Number.NaN))
  return { ratio: median(one) / median(other), least: Math.min(...each), most: Math.max(...each) }
}

/** A line of the table for a ratio. */
export function compare(what: string, samples: Samples, figures: string, target?: Target): Finding {
  const { ratio, least, most } = ratioOf(samples)
  const measured = `${rounded(ratio)} ×`
  const range = `${rounded(least)} – ${rounded(most)}`
  return { what, measured, range, figures, ...judged(ratio, target, '×') }
}

/** A line of the table for a plain figure. */
export function figure(what: string, value: number, unit: string, figures: string, target?: Target): Finding {
  return { what, measured: `${rounded(value)} ${unit}`, range: '', figures, ...judged(value, target, unit) }
}

function judged(value: number, target: Target | undefined, unit: string) {
  if (target === undefined) return {}
  const { atMost, atLeast } = target
  const words = [
    ...(atLeast === undefined ? [] : [`≥ ${rounded(atLeast)} ${unit}`]),
    ...(atMost === undefined ? [] : [`≤ ${rounded(atMost)} ${unit}`]),
  ]
  const reached =
    value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY)
  return { target: words.join(', '), reached }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  if (below === undefined || above === undefined) throw new RangeError('nothing was measured')
  return below + (above - below) * (place - Math.floor(place))
}

/** Rounds to three significant digits: 1234567 → 1,230,000; 12.345 → 12.3; 0.98765 → 0.988. */
export function rounded(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 3 })
}

/** `12,300 a second` of the median. */
export function perSecond(samples: readonly number[]): string {
  return `${rounded(median(samples))} a second`
}

/** Keeps so many running until all are done; returns the seconds that took. */
export async function inFlight(many: number, total: number, work: (at: number) => unknown): Promise<number> {
  let next = 0
  const startedMs = performance.now()
  const worker = async () => {
    while (next < total) await work(next++)
  }
  await Promise.all(Array.from({ length: many }, worker))
  return (performance.now() - startedMs) / 1000
}

/** Milliseconds on the machine's clock, which all processes share. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
