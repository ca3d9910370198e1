import { fileURLToPath } from 'node:url'
import type { Bench } from './bench.ts'
import { onCore } from './cores.ts'
import { type Doorward, newAdminKey, rawRequest, startDoorward } from './doorward.ts'
import { makeDatabase, mintTexts, storeKeys } from './keys.ts'
import { compare, type Finding, interleaved, overStarts, perSecond } from './measure.ts'
import { loadGenerator, serveScript } from './processes.ts'

const RULES = fileURLToPath(new URL('forward-auth.json', import.meta.url))
const CONNECTIONS = 32
const KEYS = 1_000
const QUESTION = { scopes: ['orders:read'], environment: 'live', client_ip: '203.0.113.7' }
/** The headers in which a proxy describes the original request. */
const FORWARDED = {
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'api.example.com',
  'x-forwarded-uri': '/orders?limit=20',
  'x-forwarded-for': '203.0.113.7',
}

/** (c) `/v1/verify` and forward-auth, against a bare `node:http` server with the same answers. */
export async function verifyEndpoint({ postgresUrl, quick }: Bench): Promise<readonly Finding[]> {
  const url = await makeDatabase(postgresUrl, 'verify_endpoint')
  const texts = mintTexts(KEYS)
  await storeKeys(url, texts)
  const [text = ''] = texts
  const adminKey = newAdminKey()
  const generator = await onCore('others', loadGenerator)
  const load = (port: number, request: string) => async () => {
    const seconds = quick ? 0.3 : 1.5
    const done = await generator.run({ port, connections: CONNECTIONS, request, texts, seconds, spins: true })
    if (/"valid":false/.test(done.last)) throw new Error(`refused: ${done.last}`)
    return done.count / done.seconds
  }

  const samples = await overStarts(quick ? 1 : 4, async () => {
    const doorward = await onCore('measured', () =>
      startDoorward(url, { DOORWARD_FORWARD_AUTH: RULES }, adminKey),
    )
    const [answer, headers] = [await answerOf(doorward, text), await headersOf(doorward, text)]
    const env = { ANSWER: answer, HEADERS: JSON.stringify(headers) }
    const bare = await onCore('measured', () => serveScript('bare-server.ts', { env }))
    const verify = rawRequest(
      'POST',
      '/v1/verify',
      { authorization: `Bearer ${doorward.verifyKey}` },
      { text: JSON.stringify({ credential: '{}', ...QUESTION }), textLength: text.length },
    )
    const forward = rawRequest('GET', '/v1/forward-auth', { authorization: 'Bearer {}', ...FORWARDED })
    const rounds = quick ? 1 : 4
    const verified = await interleaved(rounds, {
      verify: load(doorward.port, verify),
      bareVerify: load(bare.port, verify),
    })
    const forwarded = await interleaved(rounds, {
      forward: load(doorward.port, forward),
      bareForward: load(bare.port, forward),
    })
    for (const each of [bare, doorward]) await each.stop()
    return { ...verified, ...forwarded }
  })
  await generator.stop()

  const line = (what: string, one: readonly number[], other: readonly number[]) =>
    compare(what, { one, other }, `${perSecond(one)} against ${perSecond(other)}`, { atLeast: 0.8 })
  return [
    line('`/v1/verify` against bare `node:http` with the same JSON', samples.verify, samples.bareVerify),
    line(
      '`/v1/forward-auth` against bare `node:http` with the same headers',
      samples.forward,
      samples.bareForward,
    ),
  ]
}

async function answerOf({ server, verifyKey }: Doorward, credential: string): Promise<string> {
  const headers = { authorization: `Bearer ${verifyKey}` }
  const { body } = await server.call('POST', '/v1/verify', { credential, ...QUESTION }, headers)
  if (body.valid !== true) throw new Error(`refused: ${JSON.stringify(body)}`)
  return JSON.stringify(body)
}

/** The headers of forward-auth besides those of any server. */
async function headersOf({ server }: Doorward, credential: string): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${credential}`, ...FORWARDED }
  const answer = await fetch(`${server.url}/v1/forward-auth`, { headers })
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`forward-auth answers ${answer.status}`)
  const own = new Set(['connection', 'content-length', 'date', 'keep-alive'])
  return Object.fromEntries([...answer.headers].filter(([name]) => !own.has(name)))
}
