import { CONNECTIONS } from './db/open.ts'
import { DEFAULT_TOKEN_LIFETIMES } from './oauth/tokens/token-lifetimes.ts'

export interface Variable {
  readonly description: string
  /** Used where the variable is missing or empty. */
  readonly default?: string
  /** What happens without a value, where there is no fixed default. */
  readonly otherwise?: string
  readonly unit?: 'seconds' | 'days'
}

const DAY_SECONDS = 86_400

/** Every environment variable of the server. `--help` and docs/configuration.md are made from this table. */
export const VARIABLES = {
  PORT: { description: 'Port to listen on', default: '4000' },
  HOST: { description: 'Address to listen on', default: '127.0.0.1' },
  DATA_DIR: { description: 'Directory of the embedded database', default: './.doorward' },
  DATABASE_URL: {
    description: 'postgres:// URL of a Postgres server',
    otherwise: 'the embedded database',
  },
  DOORWARD_DIRECT_DATABASE_URL: {
    description:
      'The same database without the connection pooler, for migrations and for notifications of changes',
    otherwise: 'DATABASE_URL',
  },
  DOORWARD_CONNECTIONS: {
    description: 'Connections to Postgres, for all workers together; a third is reserved for verification',
    default: String(CONNECTIONS),
  },
  DOORWARD_PREPARED: {
    description: 'Prepared statements: on, off, or auto (off behind a connection pooler)',
    default: 'auto',
  },
  REDIS_URL: {
    description: 'redis:// or rediss:// URL of a Redis or Valkey in which all nodes count rate limits',
    otherwise: 'each node counts for itself',
  },
  WORKERS: {
    description: 'Processes that share the port; more than one needs Postgres (DATABASE_URL)',
    default: '1',
  },
  PUBLIC_URL: {
    description: 'URL under which clients reach this server; never taken from a request',
    otherwise: 'http://HOST:PORT',
  },
  DOORWARD_HOSTS: {
    description: 'Further host names under which a proxy requests the pages of sign-in and consent',
    otherwise: 'only the host of PUBLIC_URL',
  },
  DOORWARD_ADMIN_KEY: {
    description: 'A well-formed admin key to register at the first start',
    otherwise: 'one is created and shown once',
  },
  DOORWARD_CATALOGUE: {
    description: 'JSON file that declares APIs and scopes, applied at every start',
    otherwise: 'none',
  },
  DOORWARD_FORWARD_AUTH: {
    description: 'JSON file with the rules of /v1/forward-auth, for nginx, Caddy, Traefik and Envoy',
    otherwise: '/v1/forward-auth is off',
  },
  DOORWARD_ENVIRONMENTS: { description: 'Environments that keys can be created for', default: 'live,test' },
  DOORWARD_BRAND: {
    description: 'Prefix of every credential: acme makes acme_sk_live_…',
    otherwise: 'none',
  },
  DOORWARD_MAX_LIFETIME_DAYS: {
    description: 'Longest lifetime of a key (90 for SOC 2)',
    otherwise: 'no limit',
    unit: 'days',
  },
  DOORWARD_MAX_KEYS_PER_OWNER: {
    description: 'Most keys of one owner that are neither revoked nor expired',
    default: '1000',
  },
  DOORWARD_TRUSTED_PROXIES: {
    description: 'Addresses and CIDR blocks whose X-Forwarded-For is believed',
    otherwise: 'none',
  },
  DOORWARD_LIMITS_WITHOUT_REDIS: {
    description: 'While Redis is unavailable: local (each node counts for itself), refuse or allow',
    default: 'local',
  },
  DOORWARD_SECRET: {
    description: 'At least 32 random bytes, the same on all servers: `openssl rand -base64 32`',
    otherwise: 'the embedded database creates one; with Postgres, sign-in and OAuth are off',
  },
  LOGIN_URL: {
    description: 'Your own login page, for an external login',
    otherwise: 'people sign in here, with passwords',
  },
  DOORWARD_ACCESS_TOKEN_SECONDS: {
    description: 'Lifetime of an access token',
    default: String(DEFAULT_TOKEN_LIFETIMES.accessSeconds),
    unit: 'seconds',
  },
  DOORWARD_REFRESH_IDLE_DAYS: {
    description: 'An app that does not use its refresh token for this long needs its user again',
    default: String(DEFAULT_TOKEN_LIFETIMES.refreshIdleSeconds / DAY_SECONDS),
    unit: 'days',
  },
  DOORWARD_REFRESH_MAX_DAYS: {
    description: 'An app needs its user again after this long, however often it refreshes',
    default: String(DEFAULT_TOKEN_LIFETIMES.refreshAbsoluteSeconds / DAY_SECONDS),
    unit: 'days',
  },
  DOORWARD_GRANT_MAX_DAYS: {
    description: 'Lifetime of a grant, which is what a user allowed an app',
    otherwise: 'until it is revoked',
    unit: 'days',
  },
  DOORWARD_CLIENT_DOCUMENTS: {
    description: 'Hosts whose client id metadata documents are accepted, or any',
    otherwise: 'none',
  },
  DOORWARD_CLIENT_REGISTRATION: {
    description: 'on: apps may register themselves (RFC 7591); or off',
    default: 'off',
  },
  DOORWARD_REGISTRATIONS_PER_HOUR: {
    description: 'Most apps that one network may register in an hour; refused registrations do not count',
    default: '20',
  },
  DOORWARD_PRIVATE_SCHEMES: {
    description:
      'Schemes without a dot that redirect URIs of apps may have, such as cursor,vscode; any app on a device can claim one',
    otherwise: 'none',
  },
  DOORWARD_DRAIN_SECONDS: {
    description: 'After SIGTERM, how long /readyz answers 503 before the port closes',
    otherwise: '5, or 0 where HOST is a loopback address',
    unit: 'seconds',
  },
  DOORWARD_LOG_LEVEL: { description: 'trace, debug, info, warn, error or silent', default: 'info' },
} as const satisfies Readonly<Record<string, Variable>>

export type VariableName = keyof typeof VARIABLES

/** One line for people: the description, then the default. */
export function describeVariable(name: VariableName): string {
  const { description, default: value, otherwise, unit }: Variable = VARIABLES[name]
  return `${description}${unit === undefined ? '' : `, in ${unit}`}. Default: ${value ?? otherwise}`
}
