import type { Bench } from './bench.ts'
import { onCore } from './cores.ts'
import { rawRequest, startDoorward } from './doorward.ts'
import { makeDatabase, mintTexts, storeKeys } from './keys.ts'
import { compare, type Finding, interleaved, overStarts, perSecond } from './measure.ts'
import { loadGenerator, serveScript } from './processes.ts'

const ORDERS_API = '../examples/orders-api/main.ts'
const CONNECTIONS = 32
const KEYS = 1_000

/** (b) The example's orders API, with its guard and without: the same code, see `without-guard.ts`. */
export async function guard({ postgresUrl, quick }: Bench): Promise<readonly Finding[]> {
  const url = await makeDatabase(postgresUrl, 'guard')
  const texts = mintTexts(KEYS)
  await storeKeys(url, texts)
  const doorward = await onCore('others', () => startDoorward(url))
  const env = { DOORWARD_URL: doorward.server.url, DOORWARD_VERIFY_KEY: doorward.verifyKey }
  const serve = (imports: readonly string[]) =>
    onCore('measured', () => serveScript(ORDERS_API, { env, imports }))
  const generator = await onCore('others', loadGenerator)
  const load = (port: number, path: string) => async () => {
    const request = rawRequest('GET', path, { authorization: 'Bearer {}' })
    const seconds = quick ? 0.3 : 1.5
    const answer = await generator.run({
      port,
      connections: CONNECTIONS,
      request,
      texts,
      seconds,
      spins: true,
    })
    return answer.count / answer.seconds
  }
  const list = '/orders?limit=20'
  const nothingThere = '/orders?limit=1&after=ord_100001'
  const {
    with: withGuard,
    without,
    guardOnly,
    nothing,
  } = await overStarts(quick ? 1 : 5, async () => {
    const [guarded, open] = [await serve([]), await serve(['without-guard.ts'])]
    const samples = await interleaved(quick ? 1 : 3, {
      with: load(guarded.port, list),
      without: load(open.port, list),
      guardOnly: load(guarded.port, nothingThere),
      nothing: load(open.port, nothingThere),
    })
    for (const each of [guarded, open]) await each.stop()
    return samples
  })
  for (const each of [generator, doorward]) await each.stop()
  const figures = (one: readonly number[], other: readonly number[]) =>
    `${perSecond(one)} against ${perSecond(other)}`
  return [
    compare(
      'example API with guard against without, a page of orders',
      { one: withGuard, other: without },
      figures(withGuard, without),
      { atLeast: 0.95 },
    ),
    compare(
      'the same, its cheapest answer: an empty page',
      { one: guardOnly, other: nothing },
      figures(guardOnly, nothing),
    ),
  ]
}
