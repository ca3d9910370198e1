import type { Random } from './random.ts'
import type { Rhythm } from './rhythm.ts'

/** A program that holds a key: where it runs, what it may do and what it does. */
export interface Program {
  readonly name: string
  readonly environment: 'live' | 'test'
  readonly scopes: readonly string[]
  /** Those of the scopes that it asks for. */
  readonly exercised: readonly string[]
  readonly rhythm: Rhythm
  /** Calls in an hour of the middle of its day. */
  readonly perHour: number
  readonly userAgent: string
  readonly note: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly isBoundToOffice: boolean
  readonly rateLimits: readonly { name: string; limit: number; window_seconds: number }[]
  readonly quota: { readonly limit: number; readonly period: 'day' | 'month' } | null
}

const TOWNS =
  'Leeds,Bristol,Rotterdam,Ghent,Lyon,Porto,Malmö,Turku,Graz,Bremen,Cork,Lille,Aarhus,Bergen,Turin,Bilbao,Utrecht,Zagreb,Brno,Kraków'.split(
    ',',
  )
const SERVICES =
  'order sync,price engine,search indexer,stock ledger,checkout,returns desk,loyalty,gift cards,fraud check,tax engine,mail sender,recommendations,product feed,data lake,fulfilment router'.split(
    ',',
  )
const REGIONS = ['eu-west', 'eu-north', 'us-east', 'us-west', 'ap-south']
const NIGHTLY =
  'nightly export,ledger close,stock count,invoice run,backup of orders,price import,tax report,returns report'.split(
    ',',
  )
const PARTNERS =
  'Courier Match,ParcelHive,Gridline Logistics,Pallet & Son,Quaymaster,Nordfracht,BoxBee,Lastmile Labs,Vantage Ads,Reviewly,Fitting Room,Shopwindow'.split(
    ',',
  )
const REPOSITORIES =
  'storefront,checkout,warehouse-app,mobile-ios,mobile-android,data-pipelines,erp-bridge,label-printer,admin-tools,pricing'.split(
    ',',
  )
const PEOPLE =
  'Priya,Tomasz,Aoife,Lars,Chiara,Yusuf,Noor,Mateo,Ingrid,Bao,Esther,Dmitri,Leila,Jonas,Amara,Hugo'.split(',')

/** Every program of the company, the same list each time; a plan takes as many as it needs. */
export function programs(random: Random): Program[] {
  return random.shuffled([
    ...TOWNS.flatMap((town, at) =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((till) =>
        pointOfSale(random, `point of sale ${till}, store ${String(at * 7 + 11).padStart(3, '0')} ${town}`),
      ),
    ),
    ...TOWNS.slice(0, 10).flatMap((town) =>
      [1, 2, 3, 4, 5, 6].map((n) =>
        scanner(random, `scanner ${String(n).padStart(2, '0')}, ${town} warehouse`),
      ),
    ),
    ...SERVICES.flatMap((name) => REGIONS.map((region) => service(random, name, region))),
    ...NIGHTLY.flatMap((name) =>
      ['orders', 'products', 'shipping', 'finance'].map((of) => nightly(random, `${name}, ${of}`)),
    ),
    ...PARTNERS.flatMap((partner) =>
      ['tracking', 'catalogue', 'returns'].map((of) => partnerFeed(random, partner, of)),
    ),
    ...REPOSITORIES.flatMap((repository) =>
      ['unit tests', 'end-to-end tests', 'preview', 'load test'].map((job) => pipelineJob(repository, job)),
    ),
    ...PEOPLE.flatMap((person) =>
      ['laptop', 'notebook', 'sandbox', 'Postman'].map((where) => developer(person, where)),
    ),
    ...['monthly board report', 'auditor access', 'returns dashboard', 'franchise report'].flatMap((name) =>
      ['2024', '2025', 'draft', 'EU', 'UK', 'Nordics'].map((of) => report(name, of)),
    ),
  ])
}

const plain = { note: null, metadata: {}, isBoundToOffice: false, rateLimits: [], quota: null } as const

function pointOfSale(random: Random, name: string): Program {
  return {
    ...plain,
    name,
    environment: 'live',
    scopes: ['orders:write', 'products:read', 'refunds:create'],
    exercised: random.happens(0.3)
      ? ['orders:write', 'products:read', 'refunds:create']
      : ['orders:write', 'products:read'],
    rhythm: 'shop',
    perHour: random.whole(12, 90),
    userAgent: `TillPro/${random.pick(['7.4.1', '7.4.2', '7.5.0'])}`,
    metadata: { device: `till-${random.whole(1000, 9999)}` },
    rateLimits: [{ name: 'burst', limit: 120, window_seconds: 60 }],
  }
}

function scanner(random: Random, name: string): Program {
  return {
    ...plain,
    name,
    environment: 'live',
    scopes: ['shipments:write', 'products:read'],
    exercised: ['shipments:write'],
    rhythm: 'shop',
    perHour: random.whole(40, 160),
    userAgent: 'DockScan/3.2 (Android 14)',
    isBoundToOffice: true,
    metadata: { device: `scan-${random.whole(100, 999)}` },
  }
}

function service(random: Random, name: string, region: string): Program {
  const wide = random.happens(0.35)
  const used = random.pick([
    ['orders:read', 'products:read'],
    ['orders:write', 'customers:read'],
    ['products:write'],
    ['shipments:read', 'rates:read'],
    ['invoices:read', 'payouts:read'],
  ])
  return {
    ...plain,
    name: `${name}, ${region}`,
    environment: 'live',
    scopes: wide ? [...new Set([...used, 'orders:admin', 'customers:read', 'invoices:write'])] : used,
    exercised: used,
    rhythm: 'steady',
    perHour: random.whole(150, 2200),
    userAgent: `${name.replaceAll(' ', '-')}/${random.whole(1, 9)}.${random.whole(0, 20)} node/24`,
    note: `Kubernetes secret ${name.replaceAll(' ', '-')}/doorward in the ${region} cluster`,
    metadata: { team: random.pick(['commerce', 'platform', 'data', 'logistics']), region },
    rateLimits: [
      { name: 'burst', limit: 600, window_seconds: 10 },
      { name: 'hour', limit: 60_000, window_seconds: 3600 },
    ],
  }
}

function nightly(random: Random, name: string): Program {
  const scopes = random.pick([
    ['orders:read', 'orders:export'],
    ['invoices:read', 'payouts:read'],
    ['products:read'],
    ['shipments:read'],
  ])
  return {
    ...plain,
    name,
    environment: 'live',
    scopes: scopes.filter((scope) => scope !== 'orders:export' || random.happens(0.5)),
    exercised: scopes.slice(0, 1),
    rhythm: 'nightly',
    perHour: random.whole(40, 900),
    userAgent: random.pick(['exporter/1.4', 'curl/8.9.1', 'airflow/2.9 python-requests/2.32']),
    note: random.pick([
      'Vault: kv/finance/doorward',
      'Cron host batch-02, /etc/exporter/key',
      'Airflow connection "doorward_orders"',
    ]),
    metadata: { team: 'data' },
    isBoundToOffice: random.happens(0.5),
    quota: { limit: 200_000, period: 'day' },
  }
}

function partnerFeed(random: Random, partner: string, of: string): Program {
  const scopes = { tracking: ['shipments:read'], catalogue: ['products:read'] }[of] ?? [
    'orders:read',
    'shipments:read',
  ]
  return {
    ...plain,
    name: `partner feed ${partner}, ${of}`,
    environment: 'live',
    scopes,
    exercised: scopes.slice(0, 1),
    rhythm: random.pick(['steady', 'office']),
    perHour: random.whole(20, 400),
    userAgent: `${partner.replace(/[^A-Za-z]/g, '')}Bot/${random.whole(1, 4)}.0`,
    note: `Given to ${partner} by secure mail; their contact is integrations@${partner.toLowerCase().replace(/[^a-z]/g, '')}.example`,
    metadata: { partner },
    rateLimits: [{ name: 'minute', limit: 60, window_seconds: 60 }],
    quota: { limit: 500_000, period: 'month' },
  }
}

function pipelineJob(repository: string, job: string): Program {
  return {
    ...plain,
    name: `ci ${repository}, ${job}`,
    environment: 'test',
    scopes: ['orders:admin', 'products:write', 'shipments:write'],
    exercised: ['orders:write', 'products:write'],
    rhythm: 'office',
    perHour: 35,
    userAgent: 'vitest/3 node/24',
    note: `Repository secret DOORWARD_KEY of ${repository}`,
    metadata: { repository },
  }
}

function developer(person: string, where: string): Program {
  return {
    ...plain,
    name: `${person}, ${where}`,
    environment: 'test',
    scopes: ['orders:write', 'products:write', 'customers:read'],
    exercised: ['orders:read'],
    rhythm: 'office',
    perHour: 6,
    userAgent: where === 'Postman' ? 'PostmanRuntime/7.43.0' : 'curl/8.7.1',
    metadata: { person: person.toLowerCase() },
    quota: { limit: 5_000, period: 'day' },
  }
}

function report(name: string, of: string): Program {
  return {
    ...plain,
    name: `${name} ${of}`,
    environment: 'live',
    scopes: ['orders:read', 'invoices:read', 'customers:read', 'payouts:read'],
    exercised: ['invoices:read'],
    rhythm: 'weekly',
    perHour: 25,
    userAgent: 'Mozilla/5.0 (compatible; Sheetwise/2.1)',
    note: 'Spreadsheet of the finance team, tab "settings"',
  }
}
