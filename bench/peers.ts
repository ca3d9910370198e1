import { setImmediate as nextTurn } from 'node:timers/promises'
import { createVerifier, UsageCounter } from '@doorward/sdk/kernel'
import pg from 'pg'
import { startPostgres } from '../test/postgres.ts'
import type { Bench } from './bench.ts'
import { openBetterAuth } from './better-auth.ts'
import { onCore } from './cores.ts'
import { openSource, rawRequest, startDoorward } from './doorward.ts'
import { makeDatabase, makeEmptyDatabase, mintTexts, storeKeys } from './keys.ts'
import { compare, type Finding, inFlight, interleaved, perSecond } from './measure.ts'
import { openNaive } from './naive.ts'
import { loadGenerator, serveScript } from './processes.ts'

const KEYS = 1_000
const IN_FLIGHT = 32
const POOL_SIZE = 10

interface Ground {
  readonly doorwardUrl: string
  readonly peersUrl: string
  readonly texts: readonly string[]
  readonly betterAuthKeys: readonly string[]
}

/**
 * (d) The naive implementation and better-auth's api-key plugin, on the same Postgres: in process, and over HTTP, where
 * server and database share one core.
 */
export async function peers(bench: Bench): Promise<readonly Finding[]> {
  bench.say('d: in process')
  const inProcess = await compareInProcess(bench, await prepare(bench.postgresUrl))
  bench.say('d: over HTTP')
  const postgres = await onCore('measured', () => startPostgres())
  try {
    return [...inProcess, ...(await compareOverHttp(bench, await prepare(postgres.url)))]
  } finally {
    await postgres.stop()
  }
}

/** The same keys for all. */
async function prepare(postgresUrl: string): Promise<Ground> {
  const doorwardUrl = await makeDatabase(postgresUrl, 'peers_doorward')
  const peersUrl = await makeEmptyDatabase(postgresUrl, 'peers_others')
  const texts = mintTexts(KEYS)
  await storeKeys(doorwardUrl, texts)
  const pool = new pg.Pool({ connectionString: peersUrl, max: POOL_SIZE })
  await (await openNaive(pool, { migrate: true })).add(texts)
  const betterAuthKeys = await (await openBetterAuth(pool, { migrate: true })).make(KEYS)
  await pool.query('vacuum analyze')
  await pool.end()
  return { doorwardUrl, peersUrl, texts, betterAuthKeys }
}

async function compareInProcess({ quick }: Bench, ground: Ground): Promise<Finding[]> {
  const { doorwardUrl, peersUrl, texts, betterAuthKeys } = ground
  const pool = new pg.Pool({ connectionString: peersUrl, max: POOL_SIZE })
  const [naive, betterAuth] = [await openNaive(pool), await openBetterAuth(pool)]
  const { source, close } = await openSource(doorwardUrl)
  const verifier = createVerifier({ source, usage: new UsageCounter() })
  const ask = { scopes: ['orders:read'], environment: 'live', clientIp: '203.0.113.7' }
  const calls = quick ? 300 : 3_000

  const samples = await interleaved(quick ? 1 : 5, {
    ours: async () => {
      const rounds = quick ? 20 : 1_000
      const startedMs = performance.now()
      for (let round = 0; round < rounds; round++) {
        for (const text of texts) {
          const verdict = verifier.verify(text, ask)
          if (!(verdict instanceof Promise ? await verdict : verdict).valid) throw new Error('refused')
        }
        await nextTurn()
      }
      return (rounds * KEYS * 1000) / (performance.now() - startedMs)
    },
    naive: async () =>
      calls /
      (await inFlight(IN_FLIGHT, calls, async (at) => {
        if ((await naive.verify(texts[at % KEYS] ?? '', 'orders:read')) === null) throw new Error('refused')
      })),
    betterAuth: async () => {
      const startedMs = performance.now()
      await inFlight(IN_FLIGHT, calls, async (at) => {
        if (!(await betterAuth.verify(betterAuthKeys[at % KEYS] ?? ''))) throw new Error('refused')
      })
      await betterAuth.settle()
      return (calls * 1000) / (performance.now() - startedMs)
    },
  })
  await close()
  await pool.end()
  const line = (name: string, other: readonly number[], target?: { atLeast: number }) =>
    compare(
      `in-process verification against ${name}`,
      { one: samples.ours, other },
      `${perSecond(samples.ours)} against ${perSecond(other)} at ${IN_FLIGHT} in flight`,
      target,
    )
  return [
    line('better-auth’s', samples.betterAuth, { atLeast: 1_000 }),
    line('the naive way: SELECT and UPDATE', samples.naive),
  ]
}

async function compareOverHttp({ quick }: Bench, ground: Ground): Promise<Finding[]> {
  const { doorwardUrl, peersUrl, texts, betterAuthKeys } = ground
  const doorward = await onCore('measured', () => startDoorward(doorwardUrl))
  const peer = (way: string) =>
    onCore('measured', () =>
      serveScript('peer-server.ts', {
        args: [way],
        env: {
          DATABASE_URL: peersUrl,
          DOORWARD_URL: doorward.server.url,
          DOORWARD_VERIFY_KEY: doorward.verifyKey,
        },
      }),
    )
  const sdk = await peer('doorward')
  const naive = await peer('naive')
  const betterAuth = await peer('better-auth')
  const generator = await onCore('others', loadGenerator)
  const load =
    (port: number, request: string, keys = texts) =>
    async () => {
      const seconds = quick ? 0.3 : 2
      const answer = await generator.run({
        port,
        connections: IN_FLIGHT,
        request,
        texts: keys,
        seconds,
        spins: true,
      })
      if (/"valid":false/.test(answer.last)) throw new Error(`refused: ${answer.last}`)
      return answer.count / answer.seconds
    }
  const ask = (path: string, keys: readonly string[], more = {}, headers = {}) =>
    rawRequest('POST', path, headers, {
      text: JSON.stringify({ credential: '{}', ...more }),
      textLength: keys[0]?.length ?? 0,
    })
  const asked = { scopes: ['orders:read'], environment: 'live' }
  const authorization = `Bearer ${doorward.verifyKey}`
  const get = rawRequest('GET', '/orders/1', { authorization: 'Bearer {}' })

  const samples = await interleaved(quick ? 1 : 5, {
    verify: load(doorward.port, ask('/v1/verify', texts, asked, { authorization })),
    naive: load(naive.port, ask('/verify', texts)),
    betterAuth: load(betterAuth.port, ask('/verify', betterAuthKeys), betterAuthKeys),
    guarded: load(sdk.port, get),
    naiveGuarded: load(naive.port, get),
    betterAuthGuarded: load(betterAuth.port, get, betterAuthKeys),
  })
  for (const each of [generator, sdk, naive, betterAuth, doorward]) await each.stop()

  const line = (
    what: string,
    one: readonly number[],
    other: readonly number[],
    target?: { atLeast: number },
  ) => compare(what, { one, other }, `${perSecond(one)} against ${perSecond(other)}`, target)
  return [
    line('`/v1/verify` against the naive endpoint (Fastify, SELECT, UPDATE)', samples.verify, samples.naive, {
      atLeast: 8,
    }),
    line('`/v1/verify` against better-auth behind Fastify', samples.verify, samples.betterAuth),
    line('a Fastify route with the SDK’s guard against the naive way', samples.guarded, samples.naiveGuarded),
    line(
      'a Fastify route with the SDK’s guard against better-auth',
      samples.guarded,
      samples.betterAuthGuarded,
    ),
  ]
}
