import type { Bench } from './bench.ts'
import { onCore } from './cores.ts'
import { rawRequest, startDoorward } from './doorward.ts'
import { makeDatabase, mintTexts, storeKeys } from './keys.ts'
import { compare, type Finding, interleaved, perSecond } from './measure.ts'
import { loadGenerator, serveScript } from './processes.ts'

const ORDERS_API = '../examples/orders-api/main.ts'
const CONNECTIONS = 32
const KEYS = 1_000

/** (b) The orders API of the example, with its guard and with none: the same code, see `without-guard.ts`. */
export async function guard({ postgresUrl, quick }: Bench): Promise<readonly Finding[]> {
  const url = await makeDatabase(postgresUrl, 'guard')
  const texts = mintTexts(KEYS)
  await storeKeys(url, texts)
  const doorward = await onCore('others', () => startDoorward(url))
  const env = { DOORWARD_URL: doorward.server.url, DOORWARD_KEY: doorward.verifyKey }
  const guarded = await onCore('measured', () => serveScript(ORDERS_API, { env }))
  const open = await onCore('measured', () => serveScript(ORDERS_API, { env, imports: ['without-guard.ts'] }))
  const generator = await onCore('others', loadGenerator)
  const load = (port: number, path: string) => async () => {
    const request = rawRequest('GET', path, { authorization: 'Bearer {}' })
    const seconds = quick ? 0.3 : 2
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
  const {
    with: withGuard,
    without,
    guardOnly,
    nothing,
  } = await interleaved(quick ? 1 : 7, {
    with: load(guarded.port, list),
    without: load(open.port, list),
    guardOnly: load(guarded.port, '/orders?limit=1&after=ord_100001'),
    nothing: load(open.port, '/orders?limit=1&after=ord_100001'),
  })
  for (const each of [generator, guarded, open, doorward]) await each.stop()
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
