import { hkdfSync } from 'node:crypto'
import type { Secret } from '@doorward/sdk/kernel'

/** Purposes of derived keys. Each has its own label, so that no key serves two purposes. */
export type KeyLabel = 'form token' | 'better-auth' | 'refresh' | 'sealed secret' | 'passkey challenge'

/** Derives a key of 32 bytes from the server's secret (HKDF with SHA-256, RFC 5869); equal on all servers with it. */
export function deriveKey(serverSecret: Secret, label: KeyLabel): Buffer {
  return Buffer.from(hkdfSync('sha256', serverSecret.reveal(), '', `doorward ${label}`, 32))
}
