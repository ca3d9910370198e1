import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { no, yes } from '../../src/base/result.ts'
import { DEFAULT_TOKEN_LIFETIMES } from '../../src/oauth/tokens/token-lifetimes.ts'
import { freePort } from '../free-port.ts'
import { openMcpServer, type TestMcpServer } from './mcp-server.ts'
import { openWorld, type World } from './world.ts'

const CONFORMANCE = '../../node_modules/@modelcontextprotocol/conformance/dist/index.js'
const DOCUMENT_URL = 'https://tool.example/client.json'
const REDIRECT_URI = 'http://127.0.0.1:33418/callback'
const METADATA = {
  client_name: 'An MCP client',
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

/** Storage of an app for one MCP server, and the URL to which it sends its user. */
class Provider {
  readonly redirectUrl = REDIRECT_URI
  readonly clientMetadata = METADATA
  readonly clientMetadataUrl: string | undefined
  wanted: URL | undefined
  kept: OAuthTokens | undefined
  #client: OAuthClientInformationMixed | undefined
  #verifier = ''

  constructor({ document, client }: { document?: string; client?: OAuthClientInformationMixed } = {}) {
    this.clientMetadataUrl = document
    this.#client = client
  }
  clientInformation() {
    return this.#client
  }
  saveClientInformation(client: OAuthClientInformationMixed) {
    this.#client = client
  }
  tokens() {
    return this.kept
  }
  saveTokens(tokens: OAuthTokens) {
    this.kept = tokens
  }
  redirectToAuthorization(url: URL) {
    this.wanted = url
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier
  }
  codeVerifier() {
    return this.#verifier
  }
  state() {
    return 'a state'
  }
}

describe('the official MCP client, against a server behind the SDK', () => {
  let world: World
  let mcp: TestMcpServer
  before(async () => {
    world = await openWorld({
      oauth: {
        lifetimes: DEFAULT_TOKEN_LIFETIMES,
        grantSeconds: null,
        documentHosts: 'any',
        registration: true,
      },
      fetchDocument: async (url) =>
        url === DOCUMENT_URL
          ? yes({ json: { ...METADATA, client_id: DOCUMENT_URL }, maxAgeSeconds: 60 })
          : no('not_reached'),
    })
    mcp = await openMcpServer(world)
  })
  after(async () => {
    await mcp.close()
    await world.close()
  })

  const transportOf = (provider: Provider) =>
    new StreamableHTTPClientTransport(new URL(mcp.url), { authProvider: provider as OAuthClientProvider })
  const newClient = () => new Client({ name: 'test', version: '1' })

  /** Sends the user to the client's authorization URL, and returns the code to the client. */
  async function authorize(provider: Provider, transport: StreamableHTTPClientTransport) {
    assert.ok(provider.wanted, 'the client wants its user to be asked')
    const back = await world.approve(provider.wanted)
    assert.equal(back.searchParams.get('iss'), world.issuer)
    await transport.finishAuth(back.searchParams.get('code') ?? '')
    provider.wanted = undefined
  }

  async function connect(provider: Provider): Promise<Client> {
    const first = transportOf(provider)
    await assert.rejects(newClient().connect(first as never), UnauthorizedError)
    await authorize(provider, first)
    const client = newClient()
    await client.connect(transportOf(provider) as never)
    return client
  }

  const ways: [how: string, provider: () => Promise<Provider>][] = [
    ['by its document', async () => new Provider({ document: DOCUMENT_URL })],
    ['by registering itself', async () => new Provider()],
    [
      'registered before',
      async () => {
        const scopes = ['tools:use', 'tools:call']
        const { body } = await world.call('POST', '/v1/clients', {
          name: 'An MCP client',
          type: 'public',
          redirect_uris: ['http://127.0.0.1/callback'],
          scopes,
        })
        return new Provider({ client: { client_id: body.client_id } })
      },
    ],
  ]
  for (const [how, provider] of ways)
    it(`REG-11 RS-03 AUZ-13: ${how}, discovers everything from the challenge, and calls a tool`, async () => {
      const client = await connect(await provider())
      const tools = await client.listTools()
      assert.deepEqual(
        tools.tools.map(({ name }) => name),
        ['whoami'],
      )
      const answer = await client.callTool({ name: 'whoami' })
      assert.deepEqual(answer.content, [{ type: 'text', text: world.userId }])
      await client.close()
    })

  it('RS-02: requests a missing scope when it is needed, and the call then succeeds', async () => {
    const { body } = await world.call('POST', '/v1/clients', {
      name: 'A careful client',
      type: 'public',
      grant_types: ['authorization_code'],
      redirect_uris: ['http://127.0.0.1/callback'],
      scopes: ['tools:use', 'tools:call'],
    })
    const provider = new Provider({ client: { client_id: body.client_id } })
    const client = await connect(provider)
    const { body: grants } = await world.call('GET', `/v1/grants?client_id=${body.client_id}`)
    await world.call('PATCH', `/v1/grants/${grants.data[0].id}`, { scopes: ['tools:use'] })
    await assert.rejects(client.callTool({ name: 'whoami' }), UnauthorizedError)
    assert.match(provider.wanted?.searchParams.get('scope') ?? '', /tools:call/)
    const transport = transportOf(provider)
    await authorize(provider, transport)
    const again = newClient()
    await again.connect(transport as never)
    const answer = await again.callTool({ name: 'whoami' })
    assert.deepEqual(answer.content, [{ type: 'text', text: world.userId }])
    await client.close()
    await again.close()
  })

  it('RS-06: is refused with a token for another API', async () => {
    const { clientId, clientSecret } = await world.machine()
    const answer = await fetch(`${world.issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    const { access_token } = (await answer.json()) as { access_token: string }
    const refused = await fetch(mcp.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}` },
    })
    assert.equal(refused.status, 401)
    assert.match(refused.headers.get('www-authenticate') ?? '', /error="invalid_token", resource_metadata=/)
  })
})

describe('the conformance suite of MCP, for authorization servers', () => {
  let world: World
  before(async () => {
    world = await openWorld()
  })
  after(() => world.close())

  it('META-01 AUZ-10: passes in its metadata and code-grant scenarios', async () => {
    // If a server supports clients without a secret, the suite acts as one.
    const { clientId } = await world.publicClient(['http://127.0.0.1/callback'])
    const port = await freePort()
    const main = fileURLToPath(new URL(CONFORMANCE, import.meta.url))
    const args = ['authorization', '--url', world.issuer, '--client-id', clientId]
    const child = spawn(process.execPath, [main, ...args, '--port', String(port)])
    let said = ''
    let visited = false
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        said += text
        const [url] = /http:\/\/[^\s"]+\/oauth\/authorize\?[^\s"]+/.exec(said) ?? []
        if (url === undefined || visited) return
        visited = true
        void world.approve(new URL(url)).then((back) => fetch(back))
      })
    const giveUp = setTimeout(() => child.kill('SIGKILL'), 60_000)
    const [code] = await once(child, 'exit')
    clearTimeout(giveUp)
    assert.equal(code, 0, said)
    assert.match(said, /Total: 2 passed, 0 failed/, said)
  })
})
