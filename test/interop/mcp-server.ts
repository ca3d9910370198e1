import type { AddressInfo } from 'node:net'
import { doorward, principalOf } from '@doorward/sdk/express'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import type { World } from './world.ts'

export interface TestMcpServer {
  /** Its identifier as a protected resource, which is its URL. */
  readonly url: string
  close(): Promise<void>
}

/**
 * An MCP server with one tool, guarded by the SDK as any API is: reading it takes `tools:use`, and calling its tool
 * `tools:call`.
 */
export async function openMcpServer(world: World): Promise<TestMcpServer> {
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  const { body: api } = await world.call('POST', '/v1/apis', { identifier: url, name: 'Tools' })
  for (const name of ['tools:use', 'tools:call'])
    await world.call('POST', '/v1/scopes', { name, description: `Allows ${name}`, api_id: api.id })

  const { guard, resourceMetadata, close } = doorward({
    url: world.issuer,
    adminKey: world.verifyKey,
    environment: 'live',
    resource: url,
    scopes: ['tools:use', 'tools:call'],
  })
  const metadata = resourceMetadata()
  app.get(metadata.path, (_, response) => void response.json(metadata.document))
  const calls = guard('tools:use', 'tools:call')
  const uses = guard('tools:use')
  app.use(express.json())
  app.post('/mcp', (request, response, next) => {
    const isCall = (request.body as { method?: string } | undefined)?.method === 'tools/call'
    void (isCall ? calls : uses)(request, response, next)
  })
  app.post('/mcp', async (request, response) => {
    const { userId } = principalOf(request)
    const mcp = new McpServer({ name: 'test', version: '1' })
    mcp.registerTool('whoami', {}, () => ({ content: [{ type: 'text', text: String(userId) }] }))
    const transport = new StreamableHTTPServerTransport()
    response.on('close', () => void transport.close())
    await mcp.connect(transport as Parameters<typeof mcp.connect>[0])
    await transport.handleRequest(request, response, request.body)
  })
  app.all('/mcp', (_, response) => void response.status(405).end())
  return {
    url,
    close: async () => {
      await close()
      server.close()
      server.closeAllConnections()
    },
  }
}
