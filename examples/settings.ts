import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Secret } from '@doorward/sdk/kernel'

type Env = Readonly<Record<string, string | undefined>>

/** Where things are: read from what the server reads, and `ORDERS_PORT`. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly ordersPort: number
  /** Where this process and the orders API reach the server. */
  readonly serverUrl: string
  /** Where people reach it. */
  readonly publicUrl: string
  readonly ordersUrl: string
  /** The database in words, without its password. */
  readonly database: string
  readonly isEmbedded: boolean
  /** Holds the orders API's own secret. */
  readonly serviceFile: string
  /** In front of the commands that are shown, so that they find the same data. */
  readonly commandPrefix: string
}

/** @throws Error where a port cannot be meant; everything else is the server's to judge */
export function readSettings(env: Env): Settings {
  const get = (name: string) => (env[name] === '' ? undefined : env[name])
  const host = get('HOST') ?? '127.0.0.1'
  const port = portOf('PORT', get('PORT') ?? '4000')
  const ordersPort = portOf('ORDERS_PORT', get('ORDERS_PORT') ?? '4001')
  if (port === ordersPort) throw new Error('PORT and ORDERS_PORT must differ: two servers are started.')

  const databaseUrl = get('DATABASE_URL')
  const dataDir = get('DATA_DIR') ?? './.doorward'
  const serverUrl = `http://${reachable(host)}:${port}`
  return {
    host,
    port,
    ordersPort,
    serverUrl,
    publicUrl: (get('PUBLIC_URL') ?? serverUrl).replace(/\/+$/, ''),
    ordersUrl: `http://${reachable(host)}:${ordersPort}`,
    database: databaseUrl === undefined ? dataDir : withoutPassword(databaseUrl),
    isEmbedded: databaseUrl === undefined,
    serviceFile: join(dataDir, 'orders-api.json'),
    commandPrefix:
      (databaseUrl === undefined ? '' : 'DATABASE_URL=… ') +
      (get('DATA_DIR') === undefined ? '' : `DATA_DIR=${quoted(dataDir)} `),
  }
}

/** For the server: as given, and for the example its scopes. Its log stays quiet, unless it is wanted. */
export function serverEnv(env: Env, adminKey: Secret | null): NodeJS.ProcessEnv {
  const catalogue = fileURLToPath(new URL('orders-api/scopes.json', import.meta.url))
  return {
    ...env,
    DOORWARD_CATALOGUE: env.DOORWARD_CATALOGUE || catalogue,
    DOORWARD_LOG_LEVEL: env.DOORWARD_LOG_LEVEL || 'warn',
    ...(adminKey === null ? {} : { DOORWARD_ADMIN_KEY: adminKey.reveal() }),
  }
}

/** For the orders API: its own key, and neither the database's password nor an admin key that can do more. */
export function ordersEnv(env: Env, settings: Settings, key: Secret): NodeJS.ProcessEnv {
  const rest = Object.entries(env).filter(([name]) => !/^(DOORWARD_.*|DATABASE_URL)$/.test(name))
  return {
    ...Object.fromEntries(rest),
    HOST: settings.host,
    PORT: String(settings.ordersPort),
    DOORWARD_URL: settings.serverUrl,
    DOORWARD_KEY: key.reveal(),
  }
}

function portOf(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535)
    throw new Error(`${name} must be a whole number from 1 to 65535; it is ${JSON.stringify(text)}`)
  return port
}

/** An address that listens everywhere is called by the local one. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function withoutPassword(databaseUrl: string): string {
  const url = URL.parse(databaseUrl)
  return url === null ? 'Postgres' : `Postgres, ${url.host}${url.pathname}`
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
