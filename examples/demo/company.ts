import type { Ask } from '../management.ts'

/** The customers of the made-up provider: two large ones, and three small ones. */
export const OWNERS = [
  {
    id: 'org_larkfield',
    name: 'Larkfield Outdoor',
    notice_contacts: ['platform@larkfield.example'],
    rate_limits: [{ name: 'all', limit: 6000, window_seconds: 60 }],
    quota: { limit: 20_000_000, period: 'month' },
    share: 0.6,
  },
  {
    id: 'org_brightwater',
    name: 'Brightwater Grocers',
    notice_contacts: ['it-security@brightwater.example'],
    rate_limits: [{ name: 'all', limit: 3000, window_seconds: 60 }],
    quota: { limit: 8_000_000, period: 'month' },
    share: 0.32,
  },
  { id: 'org_kestrel', name: 'Kestrel & Co', notice_contacts: ['dev@kestrel.example'], share: 0.045 },
  { id: 'org_mosswood', name: 'Mosswood Ceramics', notice_contacts: [], share: 0.025 },
  { id: 'org_pinnacle', name: 'Pinnacle Robotics', notice_contacts: ['ap@pinnacle.example'], share: 0 },
] as const

/** Its keys are suspended with it: it did not pay. */
export const SUSPENDED_OWNER = 'org_pinnacle'

const APIS = [
  { identifier: 'https://shipping.tidewater.example', name: 'Shipping API' },
  { identifier: 'https://billing.tidewater.example', name: 'Billing API' },
] as const

/** By API: the default one, then the others in the order above. */
const SCOPES = [
  [
    ['orders:read', 'See your orders', 'basic', []],
    ['orders:write', 'Place orders for you, and see them', 'sensitive', ['orders:read']],
    ['orders:admin', 'Delete your orders, and do all else with them', 'restricted', ['orders:write']],
    ['orders:export', 'Download all your orders as a file', 'sensitive', ['orders:read']],
    ['products:read', 'See your products and their prices', 'basic', []],
    ['products:write', 'Change your products and their prices', 'sensitive', ['products:read']],
    ['customers:read', "See your customers' names and addresses", 'sensitive', []],
    ['events:read', 'Be told when an order changes', 'basic', []],
  ],
  [
    ['shipments:read', 'See where your parcels are', 'basic', []],
    ['shipments:write', 'Book and cancel parcels, and see them', 'sensitive', ['shipments:read']],
    ['labels:create', 'Print shipping labels, which cost money', 'sensitive', ['shipments:read']],
    ['rates:read', 'Compare prices of carriers', 'basic', []],
  ],
  [
    ['invoices:read', 'See your invoices', 'sensitive', []],
    ['invoices:write', 'Write and send invoices', 'sensitive', ['invoices:read']],
    ['payouts:read', 'See what was paid out to you', 'sensitive', []],
    ['refunds:create', 'Pay money back to your customers', 'restricted', ['invoices:read']],
  ],
] as const

/** Declares APIs and scopes; those of the example are declared already on the database of `npm start`. */
export async function declareCatalogue(ask: Ask): Promise<void> {
  const { data: known } = await ask<{ data: { id: string; is_default: boolean; identifier: string }[] }>(
    'GET',
    '/v1/apis',
  )
  const { data: scopes } = await ask<{ data: { name: string }[] }>('GET', '/v1/scopes')
  const ids = [known.find((api) => api.is_default)?.id ?? '']
  for (const api of APIS) {
    const there = known.find(({ identifier }) => identifier === api.identifier)
    ids.push(there?.id ?? (await ask<{ id: string }>('POST', '/v1/apis', api)).id)
  }
  for (const [at, list] of SCOPES.entries())
    for (const [name, description, sensitivity, implies] of list)
      if (!scopes.some((scope) => scope.name === name))
        await ask('POST', '/v1/scopes', { name, description, sensitivity, implies, api_id: ids[at] })
}
