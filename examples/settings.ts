import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Secret } from '@doorward/sdk/kernel'
import type { AppClient } from './service-file.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Where things are: read from what the server reads, and the ports of the examples. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly ordersPort: number
  readonly appPort: number
  readonly loginPort: number
  /** Where this process and the orders API reach the server. */
  readonly serverUrl: string
  /** Where people reach it. */
  readonly publicUrl: string
  readonly ordersUrl: string
  /** Where the third-party app is. */
  readonly appUrl: string
  /** Where people sign in with the API provider's own users; null: they sign in at Doorward. */
  readonly loginUrl: string | null
  /** The database in words, without its password. */
  readonly database: string
  readonly isEmbedded: boolean
  /** As it is written in a shell. */
  readonly dataDir: string
  /** Whether people can sign in, and so apps be connected: Postgres brings no server secret. */
  readonly hasOAuth: boolean
  /** Holds the orders API's own secret. */
  readonly serviceFile: string
  /** Holds the third-party app's client id and secret. */
  readonly appFile: string
  /** Holds the own login's admin key. */
  readonly loginFile: string
  /** In front of the commands that are shown, so that they find the same data. */
  readonly commandPrefix: string
}

/** Has `npm start` show the hand-off: people sign in at a login of your own. */
const OWN_LOGIN = '--own-login'

/** @throws Error where a port cannot be meant; everything else is the server's to judge */
export function readSettings(env: Env, args: readonly string[] = []): Settings {
  const get = (name: string) => (env[name] === '' ? undefined : env[name])
  const host = get('HOST') ?? '127.0.0.1'
  const port = portOf('PORT', get('PORT') ?? '4000')
  const ordersPort = portOf('ORDERS_PORT', get('ORDERS_PORT') ?? '4001')
  const appPort = portOf('ORDERS_APP_PORT', get('ORDERS_APP_PORT') ?? '4002')
  const loginPort = portOf('OWN_LOGIN_PORT', get('OWN_LOGIN_PORT') ?? '4003')
  if (new Set([port, ordersPort, appPort, loginPort]).size < 4)
    throw new Error('PORT, ORDERS_PORT, ORDERS_APP_PORT and OWN_LOGIN_PORT must differ.')
  const unknown = args.find((arg) => arg !== OWN_LOGIN)
  if (unknown !== undefined) throw new Error(`${unknown} is not known. There is ${OWN_LOGIN}.`)

  const databaseUrl = get('DATABASE_URL')
  const dataDir = get('DATA_DIR') ?? './.doorward'
  const serverUrl = `http://${reachable(host)}:${port}`
  return {
    host,
    port,
    ordersPort,
    appPort,
    loginPort,
    serverUrl,
    publicUrl: (get('PUBLIC_URL') ?? serverUrl).replace(/\/+$/, ''),
    ordersUrl: `http://${reachable(host)}:${ordersPort}`,
    appUrl: `http://${reachable(host)}:${appPort}`,
    loginUrl: args.includes(OWN_LOGIN) ? `http://${reachable(host)}:${loginPort}` : null,
    database: databaseUrl === undefined ? dataDir : withoutPassword(databaseUrl),
    isEmbedded: databaseUrl === undefined,
    dataDir: quoted(dataDir),
    hasOAuth: databaseUrl === undefined || get('DOORWARD_SECRET') !== undefined,
    serviceFile: join(dataDir, 'orders-api.json'),
    appFile: join(dataDir, 'orders-app.json'),
    loginFile: join(dataDir, 'own-login.json'),
    commandPrefix:
      (databaseUrl === undefined ? '' : 'DATABASE_URL=… ') +
      (get('DATA_DIR') === undefined ? '' : `DATA_DIR=${quoted(dataDir)} `),
  }
}

/** For the server: as given, and for the example its scopes. Its log stays quiet, unless it is wanted. */
export function serverEnv(env: Env, { loginUrl }: Settings, adminKey: Secret | null): NodeJS.ProcessEnv {
  const catalogue = fileURLToPath(new URL('orders-api/scopes.json', import.meta.url))
  return {
    ...env,
    DOORWARD_CATALOGUE: env.DOORWARD_CATALOGUE || catalogue,
    DOORWARD_LOG_LEVEL: env.DOORWARD_LOG_LEVEL || 'warn',
    ...(loginUrl === null ? {} : { LOGIN_URL: `${loginUrl}/login` }),
    ...(adminKey === null ? {} : { DOORWARD_ADMIN_KEY: adminKey.reveal() }),
  }
}

/** For the orders API: its own key, and neither the database's password nor an admin key that can do more. */
export function ordersEnv(env: Env, settings: Settings, key: Secret): NodeJS.ProcessEnv {
  return {
    ...withoutOurs(env),
    HOST: settings.host,
    PORT: String(settings.ordersPort),
    DOORWARD_URL: settings.serverUrl,
    DOORWARD_VERIFY_KEY: key.reveal(),
  }
}

/** For the API provider's own login: an admin key that says who is signing in, and can do nothing else. */
export function loginEnv(env: Env, settings: Settings, key: Secret): NodeJS.ProcessEnv {
  return {
    ...withoutOurs(env),
    HOST: settings.host,
    PORT: String(settings.loginPort),
    DOORWARD_URL: settings.serverUrl,
    DOORWARD_LOGIN_KEY: key.reveal(),
  }
}

/** For the third-party app: what its developer would know, and nothing else. */
export function appEnv(env: Env, settings: Settings, { clientId, secret }: AppClient): NodeJS.ProcessEnv {
  return {
    ...withoutOurs(env),
    HOST: settings.host,
    PORT: String(settings.appPort),
    ISSUER: settings.publicUrl,
    CLIENT_ID: clientId,
    CLIENT_SECRET: secret.reveal(),
    ORDERS_URL: settings.ordersUrl,
    OWN_URL: settings.appUrl,
  }
}

function withoutOurs(env: Env): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(DOORWARD_.*|DATABASE_URL)$/.test(name)),
  )
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
