import {
  isBrand,
  isEnvironmentName,
  nearestName,
  parseCredential,
  parseIpRanges,
  Secret,
} from '@doorward/sdk/kernel'
import { WITHOUT_REDIS, type WithoutRedis } from '@doorward/sdk/rate-limiter-flexible'
import type { Settings } from './app.ts'
import { CONNECTIONS, type DatabasePlace } from './db/open.ts'
import { DEFAULT_TOKEN_TIMES } from './oauth/tokens/token-times.ts'
import { PLACE_VARIABLE } from './workers.ts'

/** Everything that can be set, with its default; the only reader of the environment is `main.ts`, through here. */
export const VARIABLES = {
  PORT: 'Port to listen on. Default 4000',
  HOST: 'Address to listen on. Default 127.0.0.1',
  DATA_DIR: 'Directory of the embedded database. Default ./.doorward',
  DATABASE_URL: 'postgres://… to use a Postgres server instead of the embedded database',
  DOORWARD_DIRECT_DATABASE_URL:
    'The same database past a connection pooler, to migrate and to hear of changes at once. Default: DATABASE_URL',
  DOORWARD_CONNECTIONS:
    'Connections to Postgres, of all workers together; a third is kept for verification. Default 12',
  DOORWARD_PREPARED: 'Prepared statements: on, off, or auto (not through a connection pooler). Default auto',
  REDIS_URL:
    'redis://… or rediss://… of a Redis or Valkey in which all nodes count rate limits. Default: each for itself',
  WORKERS: 'Processes that answer, on one port. Default 1; more take a Postgres (DATABASE_URL)',
  PUBLIC_URL: 'Where clients reach this server. Default http://HOST:PORT. Never taken from a request',
  DOORWARD_HOSTS:
    'Further host names with which a proxy asks for the pages of sign-in and consent. Default: none but that of PUBLIC_URL',
  DOORWARD_ADMIN_KEY:
    'A well-formed admin key to register at the first start; without it one is made and shown once',
  DOORWARD_CATALOGUE: 'JSON file that declares APIs and scopes, applied at every start',
  DOORWARD_FORWARD_AUTH:
    'JSON file with the rules of /v1/forward-auth, which answers nginx, Caddy, Traefik and Envoy. Default: none',
  DOORWARD_ENVIRONMENTS: 'Environments that keys can be made for. Default live,test',
  DOORWARD_BRAND: 'Put in front of every credential: acme makes acme_sk_live_…',
  DOORWARD_MAX_LIFETIME_DAYS: 'The longest a key may live (90 for SOC 2). Default: no limit',
  DOORWARD_MAX_KEYS_PER_OWNER: 'Keys of one owner that are neither revoked nor expired. Default 1000',
  DOORWARD_TRUSTED_PROXIES: 'Addresses and CIDR blocks whose X-Forwarded-For is believed. Default: none',
  DOORWARD_LIMITS_WITHOUT_REDIS:
    'While Redis is away: local (each node counts for itself), refuse or allow. Default local',
  DOORWARD_SECRET:
    'At least 32 random bytes, the same on all servers: `openssl rand -base64 32`. The embedded database brings one; with Postgres there is no sign-in without it',
  LOGIN_URL:
    'Where people sign in, if not here with passwords: your own login, to which browsers are handed off',
  DOORWARD_ACCESS_TOKEN_SECONDS: 'How long an access token lives. Default 600',
  DOORWARD_REFRESH_IDLE_DAYS: 'An app that does not come back for so long needs its user again. Default 30',
  DOORWARD_REFRESH_MAX_DAYS: 'However often it comes, it needs its user again after this. Default 365',
  DOORWARD_GRANT_MAX_DAYS: 'How long what a user allowed an app stands. Default: until somebody ends it',
  DOORWARD_CLIENT_DOCUMENTS:
    'Hosts whose client id metadata documents make apps known, or any. Default: none',
  DOORWARD_CLIENT_REGISTRATION: 'on: apps may register themselves (RFC 7591). Default off',
  DOORWARD_REGISTRATIONS_PER_HOUR:
    'How many apps one network may register in an hour; refused ones do not count. Default 20',
  DOORWARD_PRIVATE_SCHEMES:
    'Schemes without a dot that apps may be sent answers by, such as cursor,vscode. Default: none, because any app on a device can claim one',
  DOORWARD_DRAIN_SECONDS:
    'After SIGTERM, how long /readyz says no before the port closes. Default 5, and 0 where HOST is a loopback address',
  DOORWARD_LOG_LEVEL: 'trace, debug, info, warn, error or silent. Default info',
} as const

type Variable = keyof typeof VARIABLES

export interface Config {
  readonly port: number
  readonly host: string
  readonly workers: number
  /** Which of the workers this process is, where it is one. */
  readonly workerPlace: number
  readonly place: DatabasePlace
  /** To Postgres, of all workers together. */
  readonly connections: number
  /** Whether statements are prepared; null: where no pooler lends the connection. */
  readonly prepares: boolean | null
  /** Null: rate limits are counted in this process. */
  readonly redis: { readonly url: string; readonly without: WithoutRedis } | null
  readonly firstAdminKey: Secret | null
  readonly cataloguePath: string | null
  readonly forwardAuthPath: string | null
  readonly logLevel: string
  /** Names that are set and are settings of other programs. */
  readonly ignored: readonly string[]
  /** From a SIGTERM to the end of listening. */
  readonly drainSeconds: number
  readonly settings: Omit<Settings, 'forwardAuth'>
}

const MAX_WORKERS = 64
const MIN_SECRET_BYTES = 32
/** Balancers ask every few seconds whether a server is ready. */
const DRAIN_SECONDS = 5
const PREPARES: ReadonlyMap<string, boolean | null> = new Map([
  ['auto', null],
  ['on', true],
  ['off', false],
])
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent']

/** Reads the whole configuration; where anything is wrong, says all of it at once. An empty variable is a missing one. */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
): Config | { faults: readonly string[] } {
  const faults: string[] = unknownNames(env)
  const get = (name: Variable) => (env[name] === '' ? undefined : env[name])
  const check = (name: Variable, fine: boolean, expected: string) => {
    if (!fine) faults.push(`${name} ${expected}`)
  }
  const whole = (name: Variable, least: number, most: number): number | null => {
    const text = get(name)
    if (text === undefined) return null
    const fine = /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most
    check(name, fine, `must be a whole number from ${least} to ${most}; it is ${JSON.stringify(text)}`)
    return fine ? Number(text) : null
  }

  const port = whole('PORT', 0, 65_535) ?? 4000
  const host = get('HOST') ?? '127.0.0.1'
  const databaseUrl = get('DATABASE_URL')
  check(
    'DATABASE_URL',
    databaseUrl === undefined || isUrl(databaseUrl, POSTGRES),
    'must be a postgres:// URL',
  )
  const directUrl = get('DOORWARD_DIRECT_DATABASE_URL')
  check(
    'DOORWARD_DIRECT_DATABASE_URL',
    directUrl === undefined || isUrl(directUrl, POSTGRES),
    'must be a postgres:// URL',
  )
  check(
    'DOORWARD_DIRECT_DATABASE_URL',
    directUrl === undefined || databaseUrl !== undefined,
    'needs DATABASE_URL beside it, through the connection pooler',
  )
  const connections = whole('DOORWARD_CONNECTIONS', 4, 1_000) ?? CONNECTIONS
  const prepares = PREPARES.get(get('DOORWARD_PREPARED') ?? 'auto')
  check('DOORWARD_PREPARED', prepares !== undefined, `must be one of ${[...PREPARES.keys()].join(', ')}`)
  const redisUrl = get('REDIS_URL')
  check('REDIS_URL', redisUrl === undefined || isUrl(redisUrl, REDIS), 'must be a redis:// or rediss:// URL')
  const without = WITHOUT_REDIS.find((each) => each === (get('DOORWARD_LIMITS_WITHOUT_REDIS') ?? 'local'))
  check('DOORWARD_LIMITS_WITHOUT_REDIS', without !== undefined, `must be one of ${WITHOUT_REDIS.join(', ')}`)
  const workers = whole('WORKERS', 1, MAX_WORKERS) ?? 1
  check(
    'WORKERS',
    workers === 1 || databaseUrl !== undefined,
    'above 1 needs a Postgres in DATABASE_URL: the embedded database belongs to one process',
  )
  const publicUrl = get('PUBLIC_URL') ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  check(
    'PUBLIC_URL',
    isUrl(publicUrl, HTTP) && !/[?#]/.test(publicUrl),
    'must be an http(s):// URL without ? or #',
  )

  const hosts = listOf((get('DOORWARD_HOSTS') ?? '').toLowerCase())
  check(
    'DOORWARD_HOSTS',
    hosts.every((each) => URL.parse(`https://${each}`)?.hostname === each),
    'must list host names without port, such as doorward.internal.example',
  )

  const adminKey = get('DOORWARD_ADMIN_KEY')
  const wellFormed = adminKey === undefined || parseCredential(adminKey)?.kind === 'admin_key'
  check(
    'DOORWARD_ADMIN_KEY',
    wellFormed,
    'is no well-formed admin key; make one with `npm run admin-key -- --mint`',
  )

  const brand = get('DOORWARD_BRAND') ?? null
  check(
    'DOORWARD_BRAND',
    brand === null || isBrand(brand),
    'must be lower-case words joined by _, at most 32 characters',
  )
  const environments = listOf(get('DOORWARD_ENVIRONMENTS') ?? 'live,test')
  check(
    'DOORWARD_ENVIRONMENTS',
    environments.length > 0 && environments.every(isEnvironmentName),
    'must list names of 1 to 16 lower-case letters and digits, none of them sk, ak, at, rt, ac or cs',
  )
  const maxLifetimeDays = whole('DOORWARD_MAX_LIFETIME_DAYS', 1, 36_500)
  const maxKeysPerOwner = whole('DOORWARD_MAX_KEYS_PER_OWNER', 1, 1_000_000) ?? 1000

  const proxies = parseIpRanges(listOf(get('DOORWARD_TRUSTED_PROXIES') ?? ''))
  if ('notARange' in proxies)
    faults.push(`DOORWARD_TRUSTED_PROXIES holds ${proxies.notARange}, which is no address or CIDR block`)
  const secret = get('DOORWARD_SECRET')
  check(
    'DOORWARD_SECRET',
    secret === undefined || Buffer.byteLength(secret) >= MIN_SECRET_BYTES,
    `must have at least ${MIN_SECRET_BYTES} bytes; make one with \`openssl rand -base64 32\``,
  )
  const loginUrl = get('LOGIN_URL') ?? null
  check(
    'LOGIN_URL',
    loginUrl === null || (isUrl(loginUrl, HTTP) && !loginUrl.includes('#')),
    'must be an http(s):// URL without #',
  )
  check(
    'LOGIN_URL',
    loginUrl === null || secret !== undefined || databaseUrl === undefined,
    'needs DOORWARD_SECRET beside it; make one with `openssl rand -base64 32`',
  )
  const accessSeconds = whole('DOORWARD_ACCESS_TOKEN_SECONDS', 30, 86_400)
  const refreshIdleDays = whole('DOORWARD_REFRESH_IDLE_DAYS', 1, 3_650)
  const refreshMaxDays = whole('DOORWARD_REFRESH_MAX_DAYS', 1, 3_650)
  const grantDays = whole('DOORWARD_GRANT_MAX_DAYS', 1, 3_650)
  const documentHosts = listOf(get('DOORWARD_CLIENT_DOCUMENTS') ?? '')
  const isAny = documentHosts.length === 1 && documentHosts[0] === 'any'
  check(
    'DOORWARD_CLIENT_DOCUMENTS',
    isAny || documentHosts.every((each) => URL.parse(`https://${each}`)?.host === each),
    'must list hosts such as app.example.com, or be the word any',
  )
  const registration = get('DOORWARD_CLIENT_REGISTRATION') ?? 'off'
  check('DOORWARD_CLIENT_REGISTRATION', registration === 'on' || registration === 'off', 'must be on or off')
  const registrationsPerHour = whole('DOORWARD_REGISTRATIONS_PER_HOUR', 1, 1_000_000)
  const privateSchemes = listOf(get('DOORWARD_PRIVATE_SCHEMES') ?? '')
  check(
    'DOORWARD_PRIVATE_SCHEMES',
    privateSchemes.every((each) => /^[a-z][a-z0-9+-]{0,63}$/.test(each) && !BROWSERS_OWN.has(each)),
    'must list schemes of apps in lower case, such as cursor,vscode, and none that browsers or mail programs know',
  )
  const logLevel = get('DOORWARD_LOG_LEVEL') ?? 'info'
  check('DOORWARD_LOG_LEVEL', LOG_LEVELS.includes(logLevel), `must be one of ${LOG_LEVELS.join(', ')}`)

  const drainSeconds = whole('DOORWARD_DRAIN_SECONDS', 0, 300) ?? (isLoopback(host) ? 0 : DRAIN_SECONDS)

  if (faults.length > 0) return { faults }
  return {
    port,
    host,
    workers,
    workerPlace: Number(env[PLACE_VARIABLE] ?? 1),
    place:
      databaseUrl === undefined ? { dataDir: get('DATA_DIR') ?? './.doorward' } : { databaseUrl, directUrl },
    connections,
    prepares: prepares ?? null,
    redis: redisUrl === undefined ? null : { url: redisUrl, without: without ?? 'local' },
    firstAdminKey: adminKey === undefined ? null : new Secret(adminKey),
    cataloguePath: get('DOORWARD_CATALOGUE') ?? null,
    forwardAuthPath: get('DOORWARD_FORWARD_AUTH') ?? null,
    logLevel,
    ignored: Object.keys(env).filter((name) => OF_PROGRAMS.test(name)),
    drainSeconds,
    settings: {
      publicUrl: publicUrl.replace(/\/+$/, ''),
      hosts,
      brand,
      policy: {
        environments,
        maxLifetimeSeconds: inSeconds(maxLifetimeDays),
        maxKeysPerOwner,
      },
      trustedProxies: 'notARange' in proxies || proxies.entries.length === 0 ? null : proxies,
      serverSecret: secret === undefined ? null : new Secret(secret),
      loginUrl,
      oauth: {
        times: {
          accessSeconds: accessSeconds ?? DEFAULT_TOKEN_TIMES.accessSeconds,
          refreshIdleSeconds: inSeconds(refreshIdleDays) ?? DEFAULT_TOKEN_TIMES.refreshIdleSeconds,
          refreshAbsoluteSeconds: inSeconds(refreshMaxDays) ?? DEFAULT_TOKEN_TIMES.refreshAbsoluteSeconds,
        },
        grantSeconds: inSeconds(grantDays),
        documentHosts: isAny ? 'any' : documentHosts.length === 0 ? 'none' : new Set(documentHosts),
        registration: registration === 'on',
        ...(registrationsPerHour === null ? {} : { registrationsPerHour }),
        privateSchemes: new Set(privateSchemes),
      },
    },
  }
}

/** A misspelt setting would be a control that is stored and never enforced. */
function unknownNames(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('DOORWARD_') && !(name in VARIABLES) && !OF_PROGRAMS.test(name))
    .map((name) => {
      const nearest = nearestName(name, Object.keys(VARIABLES))
      return `${name} is no setting of Doorward${nearest === null ? '' : `; did you mean ${nearest}?`}`
    })
}

/** Schemes with a meaning of their own: an answer sent there would run, be shown or be sent on. */
const BROWSERS_OWN: ReadonlySet<string> = new Set(
  'about blob chrome data file filesystem ftp geo http https intent javascript mailto resource sms tel urn vbscript view-source ws wss'.split(
    ' ',
  ),
)

/** Settings of programs that call Doorward, as guides and examples name them: one `.env` may hold both. */
const OF_PROGRAMS = /^DOORWARD_(URL|VERIFY_KEY|LOGIN_KEY)$/

function isLoopback(host: string): boolean {
  return /^(127\..*|localhost|::1)$/.test(host)
}

const HTTP = ['http:', 'https:']
const REDIS = ['redis:', 'rediss:']
const POSTGRES = ['postgres:', 'postgresql:']

function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol)
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function inSeconds(days: number | null): number | null {
  return days === null ? null : days * 86_400
}
