import { hash } from 'node:crypto'
import pg from 'pg'
import type { Bench } from './bench.ts'
import { type Doorward, newAdminKey, startDoorward } from './doorward.ts'
import { COMMON_SCOPE, fillKeys, HUGE_OWNER, OLD_SCOPE, RARE_SCOPE } from './fill-keys.ts'
import { makeDatabase } from './keys.ts'
import { type Finding, figure, median, quantile, rounded } from './measure.ts'

const DAY_MS = 24 * 3600 * 1000
const SORTS = ['created', 'last_used', 'expires', 'name']
/** Promised for one page of a list, and for a search. */
const LIST_MS = { median: 50, p99: 200 }
const SEARCH_MS = 200

/** (i) Lists of keys, with a million keys of fifty thousand owners, and what their indexes cost a new key. */
export async function lists({ postgresUrl, quick, say }: Bench): Promise<readonly Finding[]> {
  const [keys, owners] = quick ? [20_000, 1_000] : [1_000_000, 50_000]
  const url = await makeDatabase(postgresUrl, 'lists')
  // The first admin key is made where there is none yet, and the table has some.
  const adminKey = newAdminKey()
  await (await startDoorward(url, {}, adminKey)).stop()
  say(`i: filling a table with ${keys.toLocaleString('en-US')} keys`)
  await fillKeys(url, keys, owners, new Date())
  return await measureLists(await startDoorward(url, {}, adminKey), url, quick ? 2 : 20, say)
}

/** @param rounds requests for each list */
async function measureLists(
  doorward: Doorward,
  url: string,
  rounds: number,
  say: Bench['say'],
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const [what, filter, most] of filters(new Date())) {
    const found: { p50: number; p99: number; query: string }[] = []
    for (const within of [
      'state=live',
      'state=expired,revoked',
      `owner_id=${HUGE_OWNER}&state=live`,
      'environment=test&state=live',
    ])
      for (const sort of SORTS) {
        const query = [filter, within, `sort=${sort}`].filter((part) => part !== '').join('&')
        const samples: number[] = []
        for (let round = -1; round < rounds; round++) {
          const ms = await timed(doorward, query)
          if (round >= 0) samples.push(ms)
        }
        found.push({ p50: median(samples), p99: quantile(samples, 0.99), query })
      }
    const slowest = found.toSorted((a, b) => b.p50 - a.p50)[0] ?? { p50: 0, query: '' }
    const p99 = Math.max(...found.map((each) => each.p99))
    say(`i: ${what}: ${rounded(slowest.p50)} ms, ${rounded(p99)} ms at p99, ${slowest.query}`)
    findings.push(
      figure(
        `${what}, slowest of ${found.length} lists: median`,
        slowest.p50,
        'ms',
        `${rounded(p99)} ms at p99; ${slowest.query}`,
        { atMost: most },
      ),
    )
  }
  const withAll = await creation(doorward, rounds * 10)
  await dropOrders(url)
  const without = await creation(doorward, rounds * 10)
  findings.push(
    figure(
      'creation of a key',
      withAll,
      'ms',
      `${rounded(without)} ms without the indexes of decisions 0032 and 0038`,
    ),
  )
  await doorward.stop()
  return findings
}

function filters(now: Date): readonly [what: string, filter: string, mostMs: number][] {
  const ago = new Date(now.getTime() - 90 * DAY_MS).toISOString()
  const soon = new Date(now.getTime() + 14 * DAY_MS).toISOString()
  const { median: list } = LIST_MS
  return [
    ['all keys', '', list],
    ['a scope that many have', `scope=${COMMON_SCOPE}`, list],
    ['a scope of the oldest keys', `scope=${OLD_SCOPE}`, list],
    ['a scope that few have', `scope=${RARE_SCOPE}`, list],
    ['a creator of a while', 'created_by=adm_bench5', list],
    ['a creator of all times', 'created_by=adm_bench25', list],
    ['never used', 'never_used=true', list],
    ['without expiry', 'no_expiry=true', list],
    ['unused for 90 days', `unused_since=${ago}`, list],
    ['expiring in 14 days', `expiring_before=${soon}`, list],
    ['search: part of many names', 'q=export', SEARCH_MS],
    ['search: part of a name', 'q=12345', SEARCH_MS],
    ['search: two words', 'q=fraud%20crawler', SEARCH_MS],
    ['search: hint', 'q=sk_live_ab', SEARCH_MS],
    ['search: owner', 'q=org_77', SEARCH_MS],
    ['a creator and a scope', `created_by=adm_bench5&scope=${COMMON_SCOPE}`, list],
    ['a creator, unused for 90 days', `created_by=adm_bench25&unused_since=${ago}`, list],
    ['a scope, expiring in 14 days', `scope=${COMMON_SCOPE}&expiring_before=${soon}`, list],
    [
      'all filters together',
      `q=export&created_by=adm_bench5&scope=${COMMON_SCOPE}&never_used=true&unused_since=${ago}&expiring_before=${soon}`,
      SEARCH_MS,
    ],
    ['a pasted secret', `secret_sha256=${hash('sha256', 'bench 4711')}`, list],
  ]
}

/** One page, and further ones while it is short: as a screen does. A search that is refused counts with its time. */
async function timed({ server }: Doorward, query: string): Promise<number> {
  const startedMs = performance.now()
  let rows = 0
  for (let cursor = '', pages = 0; rows < 50 && pages < 20; pages++) {
    const { status, body } = await server.call('GET', `/v1/keys?${query}${cursor}`)
    if (status === 400 && (body as { code: string }).code === 'search_too_broad') break
    if (status !== 200) throw new Error(`${query}: ${JSON.stringify(body)}`)
    const page = body as { data: unknown[]; next_cursor: string | null }
    rows += page.data.length
    if (page.next_cursor === null) break
    cursor = `&cursor=${page.next_cursor}`
  }
  return performance.now() - startedMs
}

async function creation({ server }: Doorward, count: number): Promise<number> {
  const samples: number[] = []
  for (let at = 0; at < count; at++) {
    const startedMs = performance.now()
    const body = {
      owner_id: `org_new${at}`,
      name: `made by the benchmark ${at}`,
      environment: 'live',
      scopes: [],
    }
    const made = await server.call('POST', '/v1/keys', body)
    if (made.status !== 201) throw new Error(JSON.stringify(made.body))
    samples.push(performance.now() - startedMs)
  }
  return median(samples)
}

/** Drops the indexes that only the orders and searches of decisions 0032 and 0038 need. */
async function dropOrders(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(`
    select indexname as name from pg_indexes
    where indexname ~ '^keys_(live|ended|lapsed)_by_(use|name)|^keys_(by_end|revoked_by_end|quiet)_of_creator$|^keys_by_name_part$|^keys_of_creator$|^secrets_of_keys_by_hint$'`)
  for (const { name } of rows) await client.query(`drop index ${name}`)
  await client.end()
}
