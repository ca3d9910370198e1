import { createVerifier, hashCredential, UsageCounter } from '@doorward/sdk/kernel'
import pg from 'pg'
import type { Bench } from './bench.ts'
import { openSource } from './doorward.ts'
import { makeDatabase, mintTexts, storeKeys } from './keys.ts'
import { compare, type Finding, inFlight, interleaved, perSecond } from './measure.ts'

const IN_FLIGHT = 256
/** The size of Doorward's own pool. */
const POOL_SIZE = 10

/** Finds the same record for one key: the same joins by the same keys, prepared. */
const SAME_QUESTION = `
  select secrets.id, secrets.retires_at, secrets.retired_at, secrets.expires_at, secrets.revoked_at as secret_revoked_at,
    owners.suspended_at, keys.id as key_id, keys.owner_id, keys.environment, keys.scopes, keys.ip_allowlist,
    keys.metadata, keys.disabled_at, keys.revoked_at
  from secrets join keys on keys.id = secrets.holder_id join owners on owners.id = keys.owner_id
  where secrets.hash = $1`
const ONE_ROW = 'select id, holder_id, expires_at, revoked_at from secrets where hash = $1'

/** (e) 50,000 distinct uncached keys against one prepared SELECT for each, with equal concurrency. */
export async function cold({ postgresUrl, quick }: Bench): Promise<readonly Finding[]> {
  const keys = quick ? 2_000 : 50_000
  const url = await makeDatabase(postgresUrl, 'cold')
  const texts = mintTexts(keys)
  await storeKeys(url, texts)
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE })
  const { source, close } = await openSource(url)

  const select = (name: string, statement: string) => async () =>
    keys /
    (await inFlight(IN_FLIGHT, keys, async (at) => {
      const values = [Buffer.from(hashCredential(texts[at] ?? ''), 'hex')]
      const { rows } = await pool.query({ name, text: statement, values })
      if (rows.length !== 1) throw new Error('a key is missing')
    }))
  const { ours, same, one } = await interleaved(quick ? 1 : 5, {
    ours: async () => {
      const verifier = createVerifier({ source, usage: new UsageCounter(), maxEntries: keys })
      const ask = { scopes: ['orders:read'], environment: 'live', clientIp: '203.0.113.7' }
      const seconds = await inFlight(IN_FLIGHT, keys, async (at) => {
        if (!(await verifier.verify(texts[at] ?? '', ask)).valid) throw new Error('a live key is refused')
      })
      verifier.close()
      return keys / seconds
    },
    same: select('same', SAME_QUESTION),
    one: select('one', ONE_ROW),
  })
  await pool.end()
  await close()
  const figures = (other: readonly number[]) =>
    `${perSecond(ours)} against ${perSecond(other)}; ${IN_FLIGHT} in flight, ${POOL_SIZE} connections`
  return [
    compare(
      `cold: ${keys.toLocaleString('en-US')} keys, none cached, against a prepared SELECT each`,
      { one: ours, other: same },
      figures(same),
      { atLeast: 7 },
    ),
    compare(
      'the same against a SELECT of one row, without key and owner',
      { one: ours, other: one },
      figures(one),
    ),
  ]
}
