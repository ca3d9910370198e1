import pg from 'pg'
import type { Bench } from './bench.ts'
import { newAdminKey, startDoorward } from './doorward.ts'
import { fillKeys } from './fill-keys.ts'
import { makeDatabase } from './keys.ts'
import { compare, type Finding, median, quantile, rounded } from './measure.ts'
import { verifications } from './verifications.ts'

/** Promised for verification beside all jobs, against none. */
const MOST_RATIO = 1.2
/** Requests that are timed in a round without jobs. */
const IDLE_HUNDREDS = 30
/** A round beside jobs ends by then, whatever still runs. */
const LONGEST_ROUND_MS = 60_000

/** (k) All jobs of a server with a million keys, and how much they slow a verification down. */
export async function jobs({ postgresUrl, quick, say }: Bench): Promise<readonly Finding[]> {
  const [keys, owners, rounds] = quick ? [20_000, 1_000, 1] : [1_000_000, 50_000, 4]
  const url = await makeDatabase(postgresUrl, 'jobs')
  const adminKey = newAdminKey()
  await (await startDoorward(url, {}, adminKey)).stop()
  say(`k: filling a table with ${keys.toLocaleString('en-US')} keys`)
  await fillKeys(url, keys, owners, new Date())
  const doorward = await startDoorward(url, {}, adminKey)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const running = async () => {
    const { rows } = await client.query('select name from jobs where lease_until > now() order by name')
    return rows.map(({ name }: { name: string }) => name)
  }
  /** Times verifications for as long as no job runs, or as some do. */
  const round = async (areDue: boolean) => {
    const due = areDue ? 'now()' : "now() + every_seconds * interval '1 second'"
    await client.query(`update jobs set next_run_at = ${due}`)
    while ((await running()).length > 0 !== areDue) await verifications(doorward, keys)
    const samples: number[] = []
    const startedMs = performance.now()
    do {
      if (!areDue) await client.query(`update jobs set next_run_at = ${due}`)
      samples.push(...(await verifications(doorward, keys)))
    } while (
      areDue
        ? (await running()).length > 0 && performance.now() - startedMs < LONGEST_ROUND_MS
        : samples.length < IDLE_HUNDREDS * 100
    )
    return samples
  }
  const [idle, beside]: [number[][], number[][]] = [[], []]
  for (let at = 0; at < rounds; at++) {
    idle.push(await round(false))
    beside.push(await round(true))
    say(`k: ${[idle, beside].map((all) => rounded(quantile(all.at(-1) ?? [], 0.99))).join(' and ')} ms`)
  }
  await client.end()
  await doorward.stop()
  const p99 = (all: readonly number[][]) => all.map((samples) => quantile(samples, 0.99))
  const ms = (all: readonly number[][]) =>
    `${rounded(median(p99(all)))} ms, ${rounded(median(all.flat()))} ms at the median`
  return [
    compare(
      `\`/v1/verify\` beside all jobs, ${keys.toLocaleString('en-US')} keys: p99, against no job`,
      { one: p99(beside), other: p99(idle) },
      `${ms(beside)}, against ${ms(idle)}`,
      { atMost: MOST_RATIO },
    ),
  ]
}
