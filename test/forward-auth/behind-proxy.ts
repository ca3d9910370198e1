import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { readForwardAuth } from '../../src/forward-auth/forward-auth.wire.ts'
import { openTestApp, type TestApp } from '../app.ts'
import { freePort } from '../free-port.ts'
import { type ProxyProgram, startProxy } from './proxy-process.ts'

const GUIDE = new URL('../../docs/guides/forward-auth.md', import.meta.url)

const RULES = [
  { path: '/admin/*', scopes: ['admin:write'] },
  { path: '/orders/*', methods: ['GET'], scopes: ['orders:read'] },
  { path: '/orders/*', scopes: ['orders:write'] },
  { path: '/health', open: true },
]

/** Configuration of a proxy in the guide. */
export interface GuideSection {
  /** Value of `proxy` in the rules file. */
  readonly kind: 'nginx' | 'caddy'
  /** Language of its code block in the guide; unique there. */
  readonly language: string
  /** Replacements in the guide's text for this test, besides the addresses of Doorward and of the API. */
  placesHere(port: number, verifyKey: string): readonly (readonly [there: string, here: string])[]
}

/** An upstream that records its requests, behind a proxy with the guide's configuration that calls Doorward. */
export interface BehindProxy {
  readonly app: TestApp
  /** Has `orders:read` only. */
  readonly key: { readonly id: string; readonly secret: string }
  /**
   * Sends a request as bytes, because HTTP clients normalize the paths under test.
   *
   * @param line method and target
   * @param headers default: the key as a bearer token; `Connection: close` goes along unless they have one with `close`
   */
  send(line: string, headers?: readonly string[], body?: string): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  /** All values of each header. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
  /** The request that reached the upstream, if any. */
  readonly passed: Passed | undefined
}

export interface Passed {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export async function openBehindProxy(program: ProxyProgram, section: GuideSection): Promise<BehindProxy> {
  const read = readForwardAuth({ proxy: section.kind, environment: 'live', rules: RULES }, ['live', 'test'])
  assert.ok(read.ok)
  const app = await openTestApp({ forwardAuth: read.value })
  await app.app.listen({ port: 0, host: '127.0.0.1' })
  const key = await app.keyFor('org_1', { scopes: ['orders:read'] })
  const verifyKey = await app.adminKeyWith(['verify'])

  const reached: Passed[] = []
  const upstream = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      const { method, url, headers, rawHeaders } = request
      reached.push({ method, url, headers, rawHeaders, body })
      response.end('here')
    })
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')

  const port = await freePort()
  const configuration = fromGuide(section.language, [
    ['127.0.0.1:4000', `127.0.0.1:${portOf(app.app.server)}`],
    ['127.0.0.1:3000', `127.0.0.1:${portOf(upstream)}`],
    ...section.placesHere(port, verifyKey),
  ])
  const proxy = await startProxy(program, port, configuration, { DOORWARD_VERIFY_KEY: verifyKey })

  return {
    app,
    key,
    send: async (line, headers = [`Authorization: Bearer ${key.secret}`], body = '') => {
      const before = reached.length
      const socket = connect(port, '127.0.0.1')
      socket.setTimeout(60_000, () => socket.destroy(new Error('no answer')))
      const closing = headers.some((header) => /^connection:.*\bclose\b/i.test(header))
      const head = [
        `${line} HTTP/1.1`,
        'Host: api.example.com',
        ...(closing ? [] : ['Connection: close']),
        ...headers,
      ]
      socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'))
      const text = Buffer.concat(await socket.toArray()).toString('latin1')
      assert.ok(reached.length - before <= 1)
      return { ...parseAnswer(text), passed: reached[before] }
    },
    close: async () => {
      await proxy.stop()
      upstream.close()
      await app.close()
    },
  }
}

/** The guide's configuration, with this test's replacements. */
function fromGuide(language: string, places: readonly (readonly [there: string, here: string])[]): string {
  const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  const [block, ...others] = blocks.filter(([, its]) => its === language).map(([, , text]) => text)
  assert.ok(block !== undefined && others.length === 0, `one block of ${language}`)
  return places.reduce((text, [there, here]) => {
    assert.ok(text.includes(there), there)
    return text.replaceAll(there, here)
  }, block)
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function parseAnswer(text: string): Omit<Answer, 'passed'> {
  const [top = '', body = ''] = text.split('\r\n\r\n', 2)
  const [first = '', ...lines] = top.split('\r\n')
  const fields = lines.map((each) => each.split(/: (.*)/, 2))
  const byName = Map.groupBy(fields, ([name = '']) => name.toLowerCase())
  return {
    status: Number(first.split(' ')[1]),
    headers: new Map([...byName].map(([name, of]) => [name, of.map(([, value = '']) => value)])),
    body,
  }
}
