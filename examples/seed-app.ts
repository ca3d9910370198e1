import { randomBytes } from 'node:crypto'
import { Secret } from '@doorward/sdk/kernel'
import { type Ask, ProblemError } from './management.ts'
import type { AppClient } from './service-file.ts'

/** A user to sign in as. */
export interface DemoUser {
  readonly email: string
  /** Null where the user existed before: it was shown then. */
  readonly password: Secret | null
}

const EMAIL = 'demo@example.com'
const OWNERS = ['org_acme', 'org_globex']

/**
 * Registers the third-party app. The port of its redirect URI may vary, because it is a loopback address (RFC 8252
 * §7.3).
 */
export async function makeAppClient(ask: Ask): Promise<AppClient> {
  const made = await ask<{ client_id: string; client_secret: string }>('POST', '/v1/clients', {
    name: 'Parcel Desk',
    type: 'confidential',
    redirect_uris: ['http://127.0.0.1/callback'],
    scopes: ['orders:read', 'orders:write'],
    required_scopes: ['orders:read'],
  })
  return { clientId: made.client_id, secret: new Secret(made.client_secret) }
}

/** Tells if the app's registration of an earlier start is in this database. */
export async function isRegistered(ask: Ask, { clientId }: AppClient): Promise<boolean> {
  try {
    const { state } = await ask<{ state: string }>('GET', `/v1/clients/${clientId}`)
    return state !== 'revoked'
  } catch (error) {
    if (error instanceof ProblemError && error.status === 404) return false
    throw error
  }
}

/** Creates a user who may act for both owners. */
export async function makeDemoUser(ask: Ask): Promise<DemoUser> {
  const password = randomBytes(12).toString('base64url')
  try {
    const { id } = await ask<{ id: string }>('POST', '/v1/users', { email: EMAIL, name: 'Demo', password })
    for (const owner of OWNERS) await ask('PUT', `/v1/owners/${owner}/members/${id}`)
    return { email: EMAIL, password: new Secret(password) }
  } catch (error) {
    if (error instanceof ProblemError && error.status === 409) return { email: EMAIL, password: null }
    throw error
  }
}
