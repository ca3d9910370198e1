import { startPostgres } from '../test/postgres.ts'
import { ask } from '../test/postgres-ask.ts'
import type { Bench } from './bench.ts'
import { rawRequest, startDoorward } from './doorward.ts'
import { makeDatabase, mintTexts } from './keys.ts'
import { type Finding, figure, rounded } from './measure.ts'
import { loadGenerator } from './processes.ts'

const FLOOD = 100_000
const CONNECTIONS = 64
/** New keys at a thousand a second, and once more right after each wave, faster: they must be cached. */
const WAVE = 2_000
const RATE = 1_000
const REPEAT_RATE = 4_000

/**
 * (f) Garbage, and well-formed keys that do not exist, against `/v1/verify`; statements that reach Postgres are counted
 * there.
 */
export async function flood({ quick, say }: Bench): Promise<readonly Finding[]> {
  const postgres = await startPostgres({ shared_preload_libraries: 'pg_stat_statements' })
  try {
    return await count(await makeDatabase(postgres.url, 'flood'), quick ? WAVE : FLOOD, say)
  } finally {
    await postgres.stop()
  }
}

async function count(url: string, many: number, say: (text: string) => void): Promise<readonly Finding[]> {
  await ask(url, 'create extension pg_stat_statements')
  const doorward = await startDoorward(url)
  const generator = loadGenerator()
  const send = async (texts: readonly string[], rate?: number) => {
    const request = rawRequest(
      'POST',
      '/v1/verify',
      { authorization: `Bearer ${doorward.verifyKey}` },
      { text: JSON.stringify({ credential: '{}' }), textLength: texts[0]?.length ?? 0 },
    )
    const paced = rate === undefined ? {} : { rate }
    const load = {
      port: doorward.port,
      connections: CONNECTIONS,
      request,
      texts,
      total: texts.length,
      ...paced,
    }
    const before = await queries(url)
    const { seconds, last } = await generator.run(load)
    if (!/"valid":false/.test(last)) throw new Error(`not refused: ${last}`)
    const after = await queries(url)
    return { seconds, lookups: after.lookups - before.lookups, all: after.all - before.all }
  }

  await send(mintTexts(WAVE))
  const malformed = await send(mintTexts(many).map(withWrongChecksum))
  const fresh = { seconds: 0, lookups: 0, all: 0 }
  const repeats = { seconds: 0, lookups: 0, all: 0 }
  for (let sent = 0; sent < many; sent += WAVE) {
    const texts = mintTexts(WAVE)
    add(fresh, await send(texts, RATE))
    add(repeats, await send(texts, REPEAT_RATE))
    if (sent % 20_000 === 0 && sent > 0)
      say(`f: ${sent.toLocaleString('en-US')} of ${many.toLocaleString('en-US')}`)
  }
  if (fresh.lookups === 0) throw new Error('no lookup was counted: is the statement another one now?')
  await generator.stop()
  await doorward.stop()

  const keys = many.toLocaleString('en-US')
  const all = ({ all, lookups, seconds }: typeof fresh) =>
    `${rounded(all - lookups)} other statements meanwhile, in ${rounded(seconds)} s`
  const perSecond = fresh.lookups / fresh.seconds
  return [
    figure(`lookups for ${keys} malformed keys`, malformed.lookups, 'queries', all(malformed), { atMost: 0 }),
    figure(
      `lookups for ${keys} well-formed unknown keys, ${RATE.toLocaleString('en-US')} a second`,
      perSecond,
      'a second',
      `${rounded(fresh.lookups)} in all; ${all(fresh)}`,
      { atMost: 500 },
    ),
    figure('lookups when each comes once more', repeats.lookups, 'queries', all(repeats), { atMost: 0 }),
  ]
}

function add(sum: { seconds: number; lookups: number; all: number }, more: typeof sum): void {
  sum.seconds += more.seconds
  sum.lookups += more.lookups
  sum.all += more.all
}

/** Changes the last character: the form is right and the checksum is not. */
function withWrongChecksum(text: string): string {
  return text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')
}

/** Statements run by Postgres in this database: lookups of credentials by hash, and all. */
async function queries(url: string): Promise<{ lookups: number; all: number }> {
  const { rows } = await ask(
    url,
    `select coalesce(sum(calls), 0)::float8 as all,
       coalesce(sum(calls) filter (where query ~ 'asked \\(hash, at\\)'), 0)::float8 as lookups
     from pg_stat_statements
     where dbid = (select oid from pg_database where datname = current_database())
       and query !~ 'pg_stat_statements'`,
  )
  return { lookups: Number(rows[0].lookups), all: Number(rows[0].all) }
}
