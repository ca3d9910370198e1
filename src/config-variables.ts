import { CONNECTIONS } from './db/open.ts'
import { CHANGES_PER_MINUTE } from './management/change-limit.ts'
import { DEFAULT_TOKEN_LIFETIMES } from './oauth/tokens/token-lifetimes.ts'

export interface Variable {
  readonly description: string
  /** A number is a whole one within `range`; the parts of a list are separated by commas. */
  readonly type: 'text' | 'number' | 'choice' | 'list' | 'URL' | 'file' | 'directory' | 'secret'
  /** Least and greatest value of a number. */
  readonly range?: readonly [least: number, most: number]
  readonly example: string
  /** Used where the variable is missing or empty. */
  readonly default?: string
  /** Behaviour without a value, where there is no fixed default. */
  readonly otherwise?: string
  readonly unit?: 'seconds' | 'days'
}

const DAY_SECONDS = 86_400

/** Every environment variable of the server. `--help` and docs/configuration.md are made from this table. */
export const VARIABLES = {
  PORT: {
    type: 'number',
    range: [0, 65535],
    example: '8080',
    description: 'Port to listen on',
    default: '4000',
  },
  HOST: { type: 'text', example: '0.0.0.0', description: 'Address to listen on', default: '127.0.0.1' },
  DATA_DIR: {
    type: 'directory',
    example: '/var/lib/doorward',
    description: 'Directory of the embedded database',
    default: './.doorward',
  },
  DATABASE_URL: {
    type: 'URL',
    example: 'postgres://doorward:…@db.internal:5432/doorward',
    description: 'postgres:// URL of a Postgres server',
    otherwise: 'the embedded database',
  },
  DOORWARD_DIRECT_DATABASE_URL: {
    type: 'URL',
    example: 'postgres://doorward:…@db.internal:5433/doorward',
    description:
      'The same database without the connection pooler, for migrations and for notifications of changes',
    otherwise: 'DATABASE_URL',
  },
  DOORWARD_CONNECTIONS: {
    type: 'number',
    range: [4, 1000],
    example: '24',
    description: 'Connections to Postgres, for all workers together; a third is reserved for verification',
    default: String(CONNECTIONS),
  },
  DOORWARD_PREPARED: {
    type: 'choice',
    example: 'on',
    description: 'Prepared statements: on, off, or auto (off behind a connection pooler)',
    default: 'auto',
  },
  REDIS_URL: {
    type: 'URL',
    example: 'redis://redis.internal:6379',
    description: 'redis:// or rediss:// URL of a Redis or Valkey in which all nodes count rate limits',
    otherwise: 'each node counts for itself',
  },
  WORKERS: {
    type: 'number',
    range: [1, 64],
    example: '4',
    description: 'Processes that share the port; more than one needs Postgres (DATABASE_URL)',
    default: '1',
  },
  PUBLIC_URL: {
    type: 'URL',
    example: 'https://keys.example.com',
    description: 'URL under which clients reach this server; never taken from a request',
    otherwise: 'http://HOST:PORT',
  },
  DOORWARD_HOSTS: {
    type: 'list',
    example: 'doorward.default.svc.cluster.local',
    description: 'Further host names under which a proxy requests the pages of sign-in and consent',
    otherwise: 'only the host of PUBLIC_URL',
  },
  DOORWARD_ADMIN_KEY: {
    type: 'secret',
    example: 'ak_…',
    description: 'A well-formed admin key to register at the first start',
    otherwise: 'one is created and shown once',
  },
  DOORWARD_CATALOGUE: {
    type: 'file',
    example: 'catalogue.json',
    description: 'JSON file that declares APIs and scopes, applied at every start',
    otherwise: 'none',
  },
  DOORWARD_FORWARD_AUTH: {
    type: 'file',
    example: 'forward-auth.json',
    description: 'JSON file with the rules of /v1/forward-auth, for nginx, Caddy, Traefik and Envoy',
    otherwise: '/v1/forward-auth is off',
  },
  DOORWARD_ENVIRONMENTS: {
    type: 'list',
    example: 'live,staging,test',
    description: 'Environments that keys can be created for',
    default: 'live,test',
  },
  DOORWARD_TEST_ENVIRONMENTS: {
    type: 'list',
    example: 'test',
    description: 'Those of DOORWARD_ENVIRONMENTS that staff with the role developer may change',
    default: 'test',
  },
  DOORWARD_STAFF_SECOND_FACTOR: {
    type: 'choice',
    example: 'required',
    description: 'required: staff without a second factor can only set one up; or optional',
    default: 'optional',
  },
  DOORWARD_SSO_NETWORKS: {
    type: 'list',
    example: '10.20.0.0/16',
    description:
      'Internal addresses and CIDR blocks on which the identity provider of staff may be; for nothing else the server calls',
    otherwise: 'none: public addresses only',
  },
  DOORWARD_BRAND: {
    type: 'text',
    example: 'acme',
    description: 'Prefix of every credential: acme makes acme_sk_live_…',
    otherwise: 'none',
  },
  DOORWARD_MAX_LIFETIME_DAYS: {
    type: 'number',
    range: [1, 36500],
    example: '90',
    description:
      'Longest lifetime of a key (90 for SOC 2), for environments whose policy has none. A change reaches new secrets only',
    otherwise: 'no limit',
    unit: 'days',
  },
  DOORWARD_MAX_KEYS_PER_OWNER: {
    type: 'number',
    range: [1, 1000000],
    example: '50',
    description:
      'Most keys of one owner that are neither revoked nor expired, for environments whose policy has no number',
    default: '1000',
  },
  DOORWARD_CHANGES_PER_MINUTE: {
    type: 'number',
    range: [10, 1000000],
    example: '3000',
    description:
      'Most changes in a minute by the admin keys of one owner, to each server; more get 429. Admin keys for all owners have no limit',
    default: String(CHANGES_PER_MINUTE),
  },
  DOORWARD_TRUSTED_PROXIES: {
    type: 'list',
    example: '10.0.0.0/8,2001:db8::/32',
    description: 'Addresses and CIDR blocks whose X-Forwarded-For is believed',
    otherwise: 'none',
  },
  DOORWARD_LIMITS_WITHOUT_REDIS: {
    type: 'choice',
    example: 'refuse',
    description: 'While Redis is unavailable: local (each node counts for itself), refuse or allow',
    default: 'local',
  },
  DOORWARD_SECRET: {
    type: 'secret',
    example: 'the output of `openssl rand -base64 32`',
    description: 'At least 32 random bytes, the same on all servers: `openssl rand -base64 32`',
    otherwise: 'the embedded database creates one; with Postgres, sign-in and OAuth are off',
  },
  LOGIN_URL: {
    type: 'URL',
    example: 'https://www.example.com/login',
    description: 'Your own login page, for an external login',
    otherwise: 'people sign in here, with passwords',
  },
  SMTP_URL: {
    type: 'secret',
    example: 'smtps://doorward:…@smtp.example.com:465',
    description:
      'Mail server for notices: smtps:// (TLS) or smtp:// (STARTTLS, which only a server on this machine may lack), with user and password',
    otherwise: 'no mail is sent; the dashboard shows what would have been',
  },
  DOORWARD_MAIL_FROM: {
    type: 'text',
    example: 'keys@example.com',
    description: 'Address of the sender of mails',
    otherwise: 'must be set beside SMTP_URL',
  },
  DOORWARD_ACCESS_TOKEN_SECONDS: {
    type: 'number',
    range: [30, 86400],
    example: '300',
    description: 'Lifetime of an access token',
    default: String(DEFAULT_TOKEN_LIFETIMES.accessSeconds),
    unit: 'seconds',
  },
  DOORWARD_REFRESH_IDLE_DAYS: {
    type: 'number',
    range: [1, 3650],
    example: '14',
    description: 'An app that does not use its refresh token for this long needs its user again',
    default: String(DEFAULT_TOKEN_LIFETIMES.refreshIdleSeconds / DAY_SECONDS),
    unit: 'days',
  },
  DOORWARD_REFRESH_MAX_DAYS: {
    type: 'number',
    range: [1, 3650],
    example: '180',
    description: 'An app needs its user again after this long, however often it refreshes',
    default: String(DEFAULT_TOKEN_LIFETIMES.refreshAbsoluteSeconds / DAY_SECONDS),
    unit: 'days',
  },
  DOORWARD_GRANT_MAX_DAYS: {
    type: 'number',
    range: [1, 3650],
    example: '365',
    description: 'Lifetime of a grant, which is what a user allowed an app',
    otherwise: 'until it is revoked',
    unit: 'days',
  },
  DOORWARD_CLIENT_DOCUMENTS: {
    type: 'list',
    example: 'app.example.com,other.example',
    description: 'Hosts whose client id metadata documents are accepted, or any',
    otherwise: 'none',
  },
  DOORWARD_CLIENT_REGISTRATION: {
    type: 'choice',
    example: 'on',
    description: 'on: apps may register themselves (RFC 7591); or off',
    default: 'off',
  },
  DOORWARD_REGISTRATIONS_PER_HOUR: {
    type: 'number',
    range: [1, 1000000],
    example: '100',
    description: 'Most apps that one network may register in an hour; refused registrations do not count',
    default: '20',
  },
  DOORWARD_PRIVATE_SCHEMES: {
    type: 'list',
    example: 'cursor,vscode',
    description:
      'Schemes without a dot that redirect URIs of apps may have, such as cursor,vscode; any app on a device can claim one',
    otherwise: 'none',
  },
  DOORWARD_DRAIN_SECONDS: {
    type: 'number',
    range: [0, 300],
    example: '15',
    description: 'After SIGTERM, how long /readyz answers 503 before the port closes',
    otherwise: '5, or 0 where HOST is a loopback address',
    unit: 'seconds',
  },
  DOORWARD_LOG_LEVEL: {
    type: 'choice',
    example: 'warn',
    description: 'trace, debug, info, warn, error or silent',
    default: 'info',
  },
} as const satisfies Readonly<Record<string, Variable>>

export type VariableName = keyof typeof VARIABLES

/** One line for people: the description, then the default. */
export function describeVariable(name: VariableName): string {
  const { description, default: value, otherwise, unit }: Variable = VARIABLES[name]
  return `${description}${unit === undefined ? '' : `, in ${unit}`}. Default: ${value ?? otherwise}`
}

/** Names of variables that are numbers. */
export type NumberName = {
  [Name in VariableName]: (typeof VARIABLES)[Name] extends { type: 'number' } ? Name : never
}[VariableName]

/** Names of variables that always have a value. */
export type NameWithDefault = {
  [Name in VariableName]: (typeof VARIABLES)[Name] extends { default: string } ? Name : never
}[VariableName]
