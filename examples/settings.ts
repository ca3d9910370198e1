import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Secret } from '@doorward/sdk/kernel'
import type { AppClient } from './service-file.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The settings: the server's own variables, and the ports of the examples. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly ordersPort: number
  readonly appPort: number
  readonly loginPort: number
  /** The server's URL for this process and the orders API. */
  readonly serverUrl: string
  /** The server's public URL. */
  readonly publicUrl: string
  readonly ordersUrl: string
  /** The URL of the third-party app. */
  readonly appUrl: string
  /** The URL of the API provider's own login; null: users sign in at Doorward. */
  readonly loginUrl: string | null
  /** The database for display, without its password. */
  readonly database: string
  readonly isEmbedded: boolean
  /** Its value in a shell. */
  readonly dataDir: string
  /** Users can sign in, and connect apps. On Postgres that needs a server secret. */
  readonly hasOAuth: boolean
  /** The file of the orders API's secret. */
  readonly serviceFile: string
  /** The file of the third-party app's client id and secret. */
  readonly appFile: string
  /** The file of the own login's admin key. */
  readonly loginFile: string
  /** The prefix of the shown commands, so that they find the same data. */
  readonly commandPrefix: string
}

/** Makes `npm start` use an external login: users sign in at a login of your own. */
const OWN_LOGIN = '--own-login'

/** Reads the settings. @throws Error for an invalid port; the server checks the rest */
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

/** The server's environment: as given, with the scopes of the example. Its log is quiet by default. */
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

/** The orders API's environment: its own key, and neither the database's password nor a stronger admin key. */
export function ordersEnv(env: Env, settings: Settings, key: Secret): NodeJS.ProcessEnv {
  return {
    ...withoutOurs(env),
    HOST: settings.host,
    PORT: String(settings.ordersPort),
    DOORWARD_URL: settings.serverUrl,
    DOORWARD_VERIFY_KEY: key.reveal(),
  }
}

/** The own login's environment: an admin key for login challenges, and no other. */
export function loginEnv(env: Env, settings: Settings, key: Secret): NodeJS.ProcessEnv {
  return {
    ...withoutOurs(env),
    HOST: settings.host,
    PORT: String(settings.loginPort),
    DOORWARD_URL: settings.serverUrl,
    DOORWARD_LOGIN_KEY: key.reveal(),
  }
}

/** The third-party app's environment: only what its developer would know. */
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

/** Replaces an address that listens on all interfaces by the local one. */
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
