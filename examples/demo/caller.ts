import type { Secret } from '@doorward/sdk/kernel'
import { type Ask, ProblemError } from '../management.ts'
import type { ClockedServer } from './clocked-server.ts'

/** Calls the management API of the server in this process, as a customer's program does over HTTP. */
export function callerOf(server: ClockedServer, adminKey: Secret, ip: string): Ask {
  return async (method, path, body) => {
    const { status, text } = await server.send({
      method,
      path,
      ip,
      headers: {
        authorization: `Bearer ${adminKey.reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = text === '' ? null : JSON.parse(text)
    if (status >= 400) throw new ProblemError(`${method} ${path}`, status, answer)
    return answer
  }
}
