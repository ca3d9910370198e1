import { Secret } from '@doorward/sdk/kernel'
import { type Ask, ProblemError } from './management.ts'

/** A key to try, with its secret, which is only known now. */
export interface ExampleKey {
  readonly id: string
  readonly ownerId: string
  readonly environment: string
  readonly scopes: readonly string[]
  readonly secret: Secret
}

const OWNERS = { org_acme: 'Acme', org_globex: 'Globex' } as const

const KEYS = [
  { owner_id: 'org_acme', environment: 'live', scopes: ['orders:read', 'orders:write'] },
  { owner_id: 'org_globex', environment: 'live', scopes: ['orders:read'] },
  { owner_id: 'org_acme', environment: 'test', scopes: ['orders:read', 'orders:write'] },
] as const

const NEEDS =
  'The keys of the example cannot be made. They need the scopes of examples/orders-api/scopes.json ' +
  '(DOORWARD_CATALOGUE) and the environments live and test (DOORWARD_ENVIRONMENTS).'

/** Creates an admin key with `verify` only: all that an API needs. */
export async function makeServiceKey(ask: Ask): Promise<Secret> {
  const wanted = { name: 'orders API of the example', permissions: ['verify'] }
  return new Secret((await ask<{ secret: string }>('POST', '/v1/admin-keys', wanted)).secret)
}

/** Creates an admin key with `login_challenges:write` only: all that a login of your own needs. */
export async function makeLoginKey(ask: Ask): Promise<Secret> {
  const wanted = { name: 'own login of the example', permissions: ['login_challenges:write'] }
  return new Secret((await ask<{ secret: string }>('POST', '/v1/admin-keys', wanted)).secret)
}

/** Tells if the own login's key of an earlier start is still valid. */
export async function isLoginKey(ask: Ask): Promise<boolean> {
  try {
    await ask('GET', '/v1/login-challenges/lc_none')
    return true
  } catch (error) {
    if (error instanceof ProblemError) return error.status !== 401 && error.status !== 403
    throw error
  }
}

/** Tells if the orders API's key of an earlier start is still valid: it may be another database's, or revoked. */
export async function isServing(ask: Ask): Promise<boolean> {
  try {
    await ask('POST', '/v1/lookups', { hashes: ['0'.repeat(64)] })
    return true
  } catch (error) {
    if (error instanceof ProblemError && (error.status === 401 || error.status === 403)) return false
    throw error
  }
}

/** Tells if there are keys, or that the server refuses the admin key. */
export async function lookAround(ask: Ask): Promise<'empty' | 'in_use' | 'not_accepted'> {
  try {
    const page = await ask<{ data: unknown[] }>('GET', '/v1/keys?limit=1')
    return page.data.length === 0 ? 'empty' : 'in_use'
  } catch (error) {
    if (error instanceof ProblemError && error.status === 401) return 'not_accepted'
    if (error instanceof ProblemError && error.status === 403) return 'in_use'
    throw error
  }
}

/** Creates two owners and their keys, by the API, as a customer does. */
export async function makeExampleKeys(ask: Ask): Promise<readonly ExampleKey[]> {
  const made: ExampleKey[] = []
  try {
    for (const wanted of KEYS) made.push(await makeKey(ask, wanted))
  } catch (cause) {
    throw new Error(NEEDS, { cause })
  }
  // An owner is created with its first key.
  for (const [id, name] of Object.entries(OWNERS)) await ask('PATCH', `/v1/owners/${id}`, { name })
  return made
}

async function makeKey(ask: Ask, wanted: (typeof KEYS)[number]): Promise<ExampleKey> {
  const { owner_id: ownerId, environment, scopes } = wanted
  const name = `example, ${environment}`
  const { id, secret } = await ask<{ id: string; secret: string }>('POST', '/v1/keys', { ...wanted, name })
  return { id, ownerId, environment, scopes, secret: new Secret(secret) }
}
