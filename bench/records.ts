import { type CredentialSource, httpSource } from '@doorward/sdk'
import { mintCredential, type recordToWire } from '@doorward/sdk/kernel'

/**
 * A source with a live key for every hash, without a network: the answers are JSON as from the server, read by the SDK
 * as usual, so that cached records take the memory of real ones.
 */
export function madeUpSource(): CredentialSource {
  let made = 0
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (!String(input).endsWith('/v1/lookups')) return new Response('', { status: 404 })
    const { hashes } = JSON.parse(String(init?.body)) as { hashes: string[] }
    return Response.json({ data: hashes.map((hash) => ({ hash, record: wireOf(made++) })) })
  }
  return httpSource({
    url: 'http://127.0.0.1:9',
    adminKey: mintCredential('admin_key').reveal(),
    fetch,
    feed: false,
  })
}

/** Ids as long as real ones; a hundred keys per owner. */
function wireOf(at: number): ReturnType<typeof recordToWire> {
  const id = String(at).padStart(20, '0')
  return {
    kind: 'api_key',
    credential_id: `sec_${id}`,
    key_id: `key_${id}`,
    client_id: null,
    user_id: null,
    owner_id: `org_${Math.floor(at / 100)}`,
    environment: 'live',
    scopes: ['orders:read', 'orders:write'],
    metadata: {},
    audiences: null,
    ip_allowlist: null,
    limits: null,
    ended: null,
    retires_at: null,
    expires_at: null,
  }
}
