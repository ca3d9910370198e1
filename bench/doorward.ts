import { type CredentialSource, mintCredential } from '@doorward/sdk/kernel'
import { systemClock } from '../src/base/clock.ts'
import { ChangesFeed } from '../src/changes/changes-feed.ts'
import { openDatabase } from '../src/db/open.ts'
import { openLog } from '../src/http/log.ts'
import { databaseSource } from '../src/verification/database-source.ts'
import { type ServerProcess, startServer } from '../test/server-process.ts'

export interface Doorward {
  readonly server: ServerProcess
  readonly port: number
  readonly adminKey: string
  /** An admin key with the permission `verify` only, as for an SDK. */
  readonly verifyKey: string
  stop(): Promise<void>
}

/**
 * Starts the real server in a process of its own, with its defaults, on a migrated database.
 *
 * @param adminKey the same for each start on one database, which keeps the first
 */
export async function startDoorward(
  databaseUrl: string,
  env: Record<string, string> = {},
  adminKey = newAdminKey(),
): Promise<Doorward> {
  const server = await startServer({ DATABASE_URL: databaseUrl, NODE_ENV: 'production', ...env }, adminKey)
  const made = await server.call('POST', '/v1/admin-keys', { name: 'bench', permissions: ['verify'] })
  if (made.status !== 201) throw new Error(`no admin key: ${JSON.stringify(made.body)}`)
  return {
    server,
    port: Number(new URL(server.url).port),
    adminKey,
    verifyKey: made.body.secret,
    stop: async () => {
      await server.kill('SIGTERM')
      const fault = server
        .output()
        .split('\n')
        .find((line) => line.includes('"level":50'))
      if (fault !== undefined) throw new Error(`the server reported a fault: ${fault}`)
    },
  }
}

export function newAdminKey(): string {
  return mintCredential('admin_key').reveal()
}

/** Opens the source of the server's own verifier, with its changes feed, in this process. */
export async function openSource(
  databaseUrl: string,
): Promise<{ source: CredentialSource; close(): Promise<void> }> {
  const database = await openDatabase({ databaseUrl })
  const feed = new ChangesFeed(database, systemClock, openLog('silent'))
  await feed.start()
  return {
    source: databaseSource(database, systemClock, feed, () => {}),
    close: async () => {
      feed.close()
      await database.close()
    },
  }
}

/** A whole request for `load.ts`; `{}` stands for a text of so many characters. */
export function rawRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: { readonly text: string; readonly textLength: number; readonly type?: string },
): string {
  const lines = Object.entries({ host: '127.0.0.1', ...headers }).map(([name, value]) => `${name}: ${value}`)
  if (body === undefined) return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
  const length = body.text.length - '{}'.length + body.textLength
  lines.push(`content-type: ${body.type ?? 'application/json'}`, `content-length: ${length}`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body.text}`
}
