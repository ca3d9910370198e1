import { type AddressInfo, createConnection } from 'node:net'
import type { FastifyInstance } from 'fastify'

export interface HeldRequest {
  /** Sends the rest of the body. @returns status and JSON body of the answer */
  finish(): Promise<{ status: number; body: Record<string, unknown> }>
}

/**
 * A request on a real connection: the server has the headers and the first byte of the body, and waits for the rest.
 */
export async function holdRequest(
  app: FastifyInstance,
  {
    method,
    path,
    key,
    headers = { authorization: `Bearer ${key}` },
    body,
  }: { method: string; path: string; key?: string; headers?: Record<string, string>; body: unknown },
): Promise<HeldRequest> {
  const { port } = app.server.address() as AddressInfo
  const text = JSON.stringify(body)
  const socket = createConnection({ host: '127.0.0.1', port })
  const arrived = new Promise((resolve) => app.server.once('request', resolve))
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: doorward.test\r\nConnection: close\r\n` +
      Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('') +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text.slice(0, 1)}`,
  )
  await arrived
  return {
    finish: async () => {
      socket.write(text.slice(1))
      let answer = ''
      for await (const part of socket) answer += part
      const [head = '', content = ''] = answer.split(/\r\n\r\n([\s\S]*)/)
      return { status: Number(head.split(' ')[1]), body: JSON.parse(content) }
    },
  }
}
