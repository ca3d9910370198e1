import {
  type IpRanges,
  isBrand,
  isEnvironmentName,
  nearestName,
  parseCredential,
  readIpRanges,
  Secret,
} from '@doorward/sdk/kernel'
import { WITHOUT_REDIS, type WithoutRedis } from '@doorward/sdk/rate-limiter-flexible'
import type { Settings } from './app.ts'
import { HTTP, isUrl, POSTGRES, REDIS } from './base/is-url.ts'
import {
  type NameWithDefault,
  type NumberName,
  VARIABLES,
  type Variable,
  type VariableName,
} from './config-variables.ts'
import type { DatabasePlace } from './db/database.ts'
import { readMailSettings } from './mail/read-mail-settings.ts'
import type { SmtpSettings } from './mail/smtp-settings.ts'
import { PLACE_VARIABLE } from './workers.ts'

export interface Config {
  readonly port: number
  readonly host: string
  readonly workers: number
  /** Number of this process among the workers, from 1 on. */
  readonly workerPlace: number
  readonly place: DatabasePlace
  /** To Postgres, for all workers together. */
  readonly connections: number
  /** Null: prepared statements are used unless a connection pooler is in between. */
  readonly prepares: boolean | null
  /** Null: rate limits are counted in this process. */
  readonly redis: { readonly url: string; readonly without: WithoutRedis } | null
  /** Null: no mail is sent. */
  readonly smtp: SmtpSettings | null
  readonly firstAdminKey: Secret | null
  readonly cataloguePath: string | null
  readonly forwardAuthPath: string | null
  readonly logLevel: string
  /** Names of variables that are set and belong to other programs. */
  readonly ignored: readonly string[]
  /** From SIGTERM until the port closes. */
  readonly drainSeconds: number
  readonly settings: Omit<Settings, 'forwardAuth'>
}

const DAY_SECONDS = 86_400
const MIN_SECRET_BYTES = 32
/** Load balancers ask for /readyz every few seconds. */
const DRAIN_SECONDS = 5
const PREPARES: ReadonlyMap<string, boolean | null> = new Map([
  ['auto', null],
  ['on', true],
  ['off', false],
])
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent']

/** Reads the whole configuration and reports every fault at once. An empty variable counts as a missing one. */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
): Config | { faults: readonly string[] } {
  const faults: string[] = unknownNames(env)
  const get = (name: VariableName): string | undefined => {
    const variable: Variable = VARIABLES[name]
    return env[name] || variable.default
  }
  const check = (name: VariableName, fine: boolean, expected: string) => {
    if (!fine) faults.push(`${name} ${expected}`)
  }
  const wholeOrNull = (name: NumberName): number | null => {
    const [least, most] = VARIABLES[name].range
    const text = get(name)
    if (text === undefined) return null
    const fine = /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most
    check(name, fine, `must be a whole number from ${least} to ${most}; it is ${JSON.stringify(text)}`)
    return fine ? Number(text) : null
  }
  const whole = (name: NumberName & NameWithDefault): number => wholeOrNull(name) ?? VARIABLES[name].range[0]
  const text = (name: NameWithDefault): string => get(name) ?? ''
  const rangesOrNull = (name: VariableName): IpRanges | null => {
    const ranges = readIpRanges(listOf(get(name) ?? ''))
    if (!('fault' in ranges)) return ranges.entries.length === 0 ? null : ranges
    faults.push(`${name} ${ranges.fault}`)
    return null
  }

  const port = whole('PORT')
  const host = text('HOST')
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
  const connections = whole('DOORWARD_CONNECTIONS')
  const prepares = PREPARES.get(text('DOORWARD_PREPARED'))
  check('DOORWARD_PREPARED', prepares !== undefined, `must be one of ${[...PREPARES.keys()].join(', ')}`)
  const redisUrl = get('REDIS_URL')
  check('REDIS_URL', redisUrl === undefined || isUrl(redisUrl, REDIS), 'must be a redis:// or rediss:// URL')
  const without = WITHOUT_REDIS.find((each) => each === text('DOORWARD_LIMITS_WITHOUT_REDIS'))
  check('DOORWARD_LIMITS_WITHOUT_REDIS', without !== undefined, `must be one of ${WITHOUT_REDIS.join(', ')}`)
  const workers = whole('WORKERS')
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
    'is not a well-formed admin key; create one with `npm run admin-key -- --mint`',
  )

  const brand = get('DOORWARD_BRAND') ?? null
  check(
    'DOORWARD_BRAND',
    brand === null || isBrand(brand),
    'must be lower-case words joined by _, at most 32 characters',
  )
  const environments = listOf(text('DOORWARD_ENVIRONMENTS'))
  check(
    'DOORWARD_ENVIRONMENTS',
    environments.length > 0 && environments.every(isEnvironmentName),
    'must list names of 1 to 16 lower-case letters and digits, none of them sk, ak, at, rt, ac or cs',
  )
  const testEnvironments = listOf(text('DOORWARD_TEST_ENVIRONMENTS'))
  check(
    'DOORWARD_TEST_ENVIRONMENTS',
    get('DOORWARD_TEST_ENVIRONMENTS') === VARIABLES.DOORWARD_TEST_ENVIRONMENTS.default ||
      testEnvironments.every((each) => environments.includes(each)),
    'must list names of DOORWARD_ENVIRONMENTS',
  )
  const secondFactor = text('DOORWARD_STAFF_SECOND_FACTOR')
  check(
    'DOORWARD_STAFF_SECOND_FACTOR',
    secondFactor === 'optional' || secondFactor === 'required',
    'must be optional or required',
  )
  const maxLifetimeDays = wholeOrNull('DOORWARD_MAX_LIFETIME_DAYS')
  const maxKeysPerOwner = whole('DOORWARD_MAX_KEYS_PER_OWNER')
  const changesPerMinute = whole('DOORWARD_CHANGES_PER_MINUTE')
  const trustedProxies = rangesOrNull('DOORWARD_TRUSTED_PROXIES')
  const ssoNetworks = rangesOrNull('DOORWARD_SSO_NETWORKS')
  const secret = get('DOORWARD_SECRET')
  check(
    'DOORWARD_SECRET',
    secret === undefined || Buffer.byteLength(secret) >= MIN_SECRET_BYTES,
    `must have at least ${MIN_SECRET_BYTES} bytes; create one with \`openssl rand -base64 32\``,
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
    'needs DOORWARD_SECRET beside it; create one with `openssl rand -base64 32`',
  )
  const mail = readMailSettings(get('SMTP_URL'), get('DOORWARD_MAIL_FROM'))
  faults.push(...mail.faults)
  const accessSeconds = whole('DOORWARD_ACCESS_TOKEN_SECONDS')
  const refreshIdleDays = whole('DOORWARD_REFRESH_IDLE_DAYS')
  const refreshMaxDays = whole('DOORWARD_REFRESH_MAX_DAYS')
  const grantDays = wholeOrNull('DOORWARD_GRANT_MAX_DAYS')
  const documentHosts = listOf(get('DOORWARD_CLIENT_DOCUMENTS') ?? '')
  const isAny = documentHosts.length === 1 && documentHosts[0] === 'any'
  check(
    'DOORWARD_CLIENT_DOCUMENTS',
    isAny || documentHosts.every((each) => URL.parse(`https://${each}`)?.host === each),
    'must list hosts such as app.example.com, or be the word any',
  )
  const registration = text('DOORWARD_CLIENT_REGISTRATION')
  check('DOORWARD_CLIENT_REGISTRATION', registration === 'on' || registration === 'off', 'must be on or off')
  const registrationsPerHour = whole('DOORWARD_REGISTRATIONS_PER_HOUR')
  const privateSchemes = listOf(get('DOORWARD_PRIVATE_SCHEMES') ?? '')
  check(
    'DOORWARD_PRIVATE_SCHEMES',
    privateSchemes.every((each) => /^[a-z][a-z0-9+-]{0,63}$/.test(each) && !BROWSERS_OWN.has(each)),
    'must list schemes of apps in lower case, such as cursor,vscode, and none that browsers or mail programs know',
  )
  const logLevel = text('DOORWARD_LOG_LEVEL')
  check('DOORWARD_LOG_LEVEL', LOG_LEVELS.includes(logLevel), `must be one of ${LOG_LEVELS.join(', ')}`)

  const drainSeconds = wholeOrNull('DOORWARD_DRAIN_SECONDS') ?? (isLoopback(host) ? 0 : DRAIN_SECONDS)

  if (faults.length > 0) return { faults }
  return {
    port,
    host,
    workers,
    workerPlace: Number(env[PLACE_VARIABLE] ?? 1),
    place: databaseUrl === undefined ? { dataDir: text('DATA_DIR') } : { databaseUrl, directUrl },
    connections,
    prepares: prepares ?? null,
    redis: redisUrl === undefined ? null : { url: redisUrl, without: without ?? 'local' },
    smtp: mail.smtp,
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
      testEnvironments: environments.filter((each) => testEnvironments.includes(each)),
      requiresSecondFactor: secondFactor === 'required',
      ...{ changesPerMinute, trustedProxies },
      ssoNetworks,
      serverSecret: secret === undefined ? null : new Secret(secret),
      loginUrl,
      oauth: {
        lifetimes: {
          accessSeconds,
          refreshIdleSeconds: refreshIdleDays * DAY_SECONDS,
          refreshAbsoluteSeconds: refreshMaxDays * DAY_SECONDS,
        },
        grantSeconds: inSeconds(grantDays),
        documentHosts: isAny ? 'any' : documentHosts.length === 0 ? 'none' : new Set(documentHosts),
        registration: registration === 'on',
        registrationsPerHour,
        privateSchemes: new Set(privateSchemes),
      },
    },
  }
}

/** Refuses unknown names: a misspelt setting would be a control that is never enforced. */
function unknownNames(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('DOORWARD_') && !(name in VARIABLES) && !OF_PROGRAMS.test(name))
    .map((name) => {
      const nearest = nearestName(name, Object.keys(VARIABLES))
      return `${name} is not a setting of Doorward${nearest === null ? '' : `; did you mean ${nearest}?`}`
    })
}

/** Schemes that browsers and mail programs handle: a redirect there would be run, shown or sent on. */
const BROWSERS_OWN: ReadonlySet<string> = new Set(
  'about blob chrome data file filesystem ftp geo http https intent javascript mailto resource sms tel urn vbscript view-source ws wss'.split(
    ' ',
  ),
)

/** Settings of programs that call Doorward, as the guides name them: one `.env` may hold both. */
const OF_PROGRAMS = /^DOORWARD_(URL|VERIFY_KEY|LOGIN_KEY)$/

function isLoopback(host: string): boolean {
  return /^(127\..*|localhost|::1)$/.test(host)
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function inSeconds(days: number | null): number | null {
  return days === null ? null : days * DAY_SECONDS
}
